import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MachineStateError } from '../../errors/index.ts';
import { isAlive, killProcess } from '../../process/procfs/identity.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { readRun } from '../record/machine-status.ts';
import type { RunRecord } from '../record/run-record.ts';
import { removeTree } from '../../util/files/removal.ts';

/** A killed QEMU needs this long at most to be gone, unless the kernel itself hangs. */
const DEATH_MS = 30_000;
const LOOK_EVERY_MS = 5;

/**
 * Clears what a keeper left that was killed. The record of the run stays, since it tells how that ended. The caller
 * holds the machine's lock.
 * @throws MachineStateError when a process does not go.
 */
export async function endLostRun(files: MachineFiles): Promise<void> {
  const record = readRun(files);
  if (!record || isAlive(record.keeper)) return;
  await endLostProcesses(basename(files.directory), record);
  removeTree(files.sockets);
}

/**
 * QEMU dies with its keeper, but not at once, and passt, which gave up its privileges and with them the signal, only
 * when it sees QEMU gone.
 * @throws MachineStateError
 */
export async function endLostProcesses(machine: string, { qemu, helpers }: RunRecord): Promise<void> {
  let alive = [...(qemu ? [qemu] : []), ...Object.values(helpers)].filter(isAlive);
  alive.forEach(killProcess);
  const deadline = performance.now() + DEATH_MS;
  for (; alive.length > 0; alive = alive.filter(isAlive)) {
    if (performance.now() > deadline) {
      throw new MachineStateError(
        machine,
        'stopped',
        'has a process that does not end, although it was killed',
        {
          hint: `look at process ${alive.map(({ pid }) => pid).join(', ')}`,
        },
      );
    }
    await delay(LOOK_EVERY_MS);
  }
}
