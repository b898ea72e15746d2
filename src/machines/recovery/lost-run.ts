import { basename, dirname } from 'node:path';
import { MachineStateError } from '../../errors/index.ts';
import { isAlive, signalProcess } from '../../process/procfs/identity.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';
import type { RunRecord } from '../record/run-record.ts';
import { isOwnDirectory } from './store-mark.ts';
import { removeTree } from '../../util/files/removal.ts';
import { poll } from '../../util/time/poll.ts';

/** A killed QEMU is gone within this time, unless the kernel itself hangs. */
const DEATH_MS = 30_000;
const LOOK_EVERY_MS = 5;

/**
 * Cleans up after a keeper that was killed. The record of the run is kept, since it shows how the run ended. The caller
 * holds the machine's lock.
 * @throws MachineStateError when a process does not exit.
 */
export async function endLostRun(files: MachineFiles): Promise<void> {
  const record = readRun(files);
  if (!record || isAlive(record.keeper)) return;
  await endLostProcesses(basename(files.directory), record);
  // A copied store has the same IDs, and copies of its records.
  if (isOwnDirectory(files.sockets, { machines: dirname(files.directory) })) removeTree(files.sockets);
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
