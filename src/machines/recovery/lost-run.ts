import { basename, dirname } from 'node:path';
import { MachineStateError } from '../../errors/index.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import { isAlive, signalProcess } from '../../process/procfs/identity.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';
import type { RunRecord } from '../record/run-record.ts';
import { isOwnDirectory } from './store-mark.ts';
import { removeTree } from '../../util/files/removal.ts';
import { Scope } from '../../util/scope.ts';
import { pause } from '../../util/time/pause.ts';
import { poll } from '../../util/time/poll.ts';

/** A killed QEMU is gone within this time, unless the kernel itself hangs. */
const DEATH_MS = 30_000;
const LOOK_EVERY_MS = 5;
/** A program that the keeper was starting closes the keeper's lock within this time. */
const RELEASE_MS = 1000;
const LOOK_AGAIN_MS = 50;

/**
 * Cleans up after a keeper that was killed. The record of the run is kept, since it shows how the run ended. The caller
 * holds the machine's lock.
 * @throws MachineStateError when a process does not exit, or the keeper is alive where its PID means another process.
 */
export async function endLostRun(files: MachineFiles): Promise<void> {
  const record = readRun(files);
  if (!record || isAlive(record.keeper)) return;
  const machine = basename(files.directory);
  await endLostProcesses(machine, record);
  if (!(await isReleased(files.keeperLock))) {
    throw new MachineStateError(machine, 'running', 'runs in another container or on another host', {
      hint: `stop it there first: vmlet stop ${machine}`,
    });
  }
  // A copied store has the same IDs, and copies of its records.
  if (isOwnDirectory(files.sockets, { machines: dirname(files.directory) })) removeTree(files.sockets);
}

/** A killed keeper has released its lock before it counts as dead, but a program that it was starting may still hold it. */
async function isReleased(keeperLock: string): Promise<boolean> {
  const deadline = performance.now() + RELEASE_MS;
  for (;;) {
    await using scope = new Scope();
    if (await holdFileLock(keeperLock, scope)) return true;
    if (performance.now() > deadline) return false;
    await pause(LOOK_AGAIN_MS);
  }
}

/**
 * Ends QEMU and its helpers after the keeper's death. QEMU dies with its keeper, but not at once. passt dropped its
 * privileges, and with them the parent-death signal: it exits only after QEMU.
 * @throws MachineStateError
 */
export async function endLostProcesses(machine: string, { qemu, helpers }: RunRecord): Promise<void> {
  let alive = [...(qemu ? [qemu] : []), ...Object.values(helpers)].filter(isAlive);
  for (const one of alive) signalProcess(one, 'SIGKILL');
  const areGone = (): boolean => (alive = alive.filter(isAlive)).length === 0;
  if (!(await poll(areGone, { everyMs: LOOK_EVERY_MS, timeoutMs: DEATH_MS }))) {
    throw new MachineStateError(machine, 'stopped', 'has a process that does not exit after SIGKILL', {
      hint: `find out which disk or file system it waits for: ps -o pid,stat,wchan,args -p ${alive.map(({ pid }) => pid).join(',')}`,
    });
  }
}
