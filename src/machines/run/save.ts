import { existsSync } from 'node:fs';
import { MachineStateError, isSystemError } from '../../errors/index.ts';
import { queryMachineType } from '../../machine/qemu/hardware.ts';
import { type SaveProgress, restoreState, saveState } from '../../machine/state/saved-state.ts';
import { signalKeeper } from '../../process/keeper.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { readStatus, notRunning } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';
import { discardSavedMemory, discardSavedNote, readSavedNote, writeSavedNote } from '../record/saved-note.ts';

export interface SaveMachineOptions extends Limits {
  /** Called about every 250 ms. */
  readonly onProgress?: (progress: SaveProgress) => void;
}

const QUIT_MS = 30_000;

/**
 * Writes a machine's memory to a file and ends it; the next start goes on where it was. When it fails the machine runs
 * on as it did.
 * @throws MachineStateError, MachineBusyError, NoSpaceError, QmpJobError, the signal's reason, or TimedOutError where QEMU
 *   does not answer for 30 s after the abort.
 */
export async function saveMachine(definition: Definition, options: SaveMachineOptions = {}): Promise<void> {
  const { spec, files } = definition;
  await using scope = new Scope();
  await lockMachine(spec.name, files, 'saving it', scope);
  const status = readStatus(files);
  if (status.kind !== 'running') throw notRunning(spec.name, status.kind);
  await withMonitor(
    definition,
    async (qmp) => {
      await undoUnfinished(definition, qmp);
      const { running } = await qmp.execute('query-status');
      // Whoever saved it was killed before QEMU was to end.
      if (!running && existsSync(files.savedState)) return;
      const machineType = await queryMachineType(qmp);
      const { rootPorts } = readPlan(files);
      writeSavedNote(definition, { wasRunning: running, machineType, rootPorts: [...rootPorts] });
      // From the moment that the file has its name, the machine must not run on.
      await saveState(qmp, files.savedState, { signal: options.signal, onProgress: options.onProgress });
    },
    { long: true, signal: options.signal },
  );
  signalKeeper(status.keeper, 'quit');
  if (await hasEnded(status, QUIT_MS, undefined)) return;
  signalKeeper(status.keeper, 'kill');
  if (await hasEnded(status, QUIT_MS, undefined)) return;
  throw new MachineStateError(spec.name, status.state, 'is saved, and its QEMU does not end');
}

/** After a save that was killed when QEMU had written everything and the file had no name yet. */
async function undoUnfinished(definition: Definition, qmp: QmpClient): Promise<void> {
  const { files } = definition;
  const { status } = await qmp.execute('query-status');
  if (status !== 'postmigrate' || existsSync(files.savedState)) return;
  const wasRunning = existsSync(files.savedStateNote) && readSavedNote(definition).wasRunning;
  // QEMU saves nothing twice, unless it has run in between.
  await qmp.execute('cont');
  if (!wasRunning) await qmp.execute('stop');
}

/**
 * Gives a QEMU that waits for it the saved memory. The file goes before the guest runs: memory of yesterday on disks
 * of today would destroy what is on them.
 * @param letRun false leaves the machine paused.
 */
export async function restoreSaved(
  definition: Definition,
  letRun: boolean,
  { signal }: Limits,
): Promise<void> {
  const { files } = definition;
  const { wasRunning } = readSavedNote(definition);
  await withMonitor(
    definition,
    async (qmp) => {
      await restoreState(qmp, files.savedState, { wasRunning: false, signal });
      discardSavedMemory(definition);
      if (wasRunning && letRun) await qmp.execute('cont');
      forgetNote(definition);
    },
    { long: true, signal },
  );
}

/** Finishes what a start began that was killed when it had given QEMU the memory. */
export async function goOnWithSaved(definition: Definition): Promise<void> {
  await withMonitor(definition, async (qmp) => {
    await qmp.execute('cont');
    forgetNote(definition);
  });
}

function forgetNote(definition: Definition): void {
  try {
    discardSavedNote(definition);
  } catch (error) {
    // The guest goes on, and the next start takes it away.
    if (!isSystemError(error)) throw error;
  }
}
