import { existsSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';
import { bridgeMtus } from '../../machine/qemu/bridge-card.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { queryMachineType } from '../../machine/qemu/hardware.ts';
import { type SaveProgress, restoreState, saveState } from '../../machine/state/saved-state.ts';
import { signalKeeper } from '../../process/keeper.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { hasEnded } from '../channel/ended.ts';
import { withLockedMachine } from '../lock/edit.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { requireRunning } from '../record/machine-status.ts';
import { refusePendingHardware } from '../record/pending-hardware.ts';
import { refuseMountsInMemory } from '../record/mount-memory.ts';
import { withMonitor } from '../channel/monitor.ts';
import { refuseRemovedAfterCommand } from '../spec/removed-after-command.ts';
import { killRunning } from './stop.ts';
import { discardSavedMemory, discardSavedNote, readSavedNote, writeSavedNote } from '../record/saved-note.ts';

export interface SaveMachineOptions extends Limits {
  /** Called about every 250 ms. */
  readonly onProgress?: (progress: SaveProgress) => void;
}

const QUIT_MS = 30_000;

/**
 * Saves a machine's memory to a file and ends it; the next start resumes from there. On failure, the machine keeps
 * running.
 * @throws InvalidInputError for a machine that is removed after its command, MachineStateError, MachineBusyError,
 *   NoSpaceError, QmpJobError, the signal's reason, or TimedOutError when QEMU does not answer for 30 s after an abort.
 */
export async function saveMachine(
  locations: Locations,
  name: string,
  options: SaveMachineOptions = {},
): Promise<void> {
  await withLockedMachine(locations, name, 'saving it', async (definition) => save(definition, options));
}

async function save(definition: Definition, options: SaveMachineOptions): Promise<void> {
  const { spec, files } = definition;
  const running = requireRunning(definition);
  refuseRemovedAfterCommand(
    spec,
    'be saved',
    `pause it instead: vmlet pause ${spec.name}; machines of vmlet run -d without --rm can be saved`,
  );
  refuseMountsInMemory(definition, 'machine', `stop the machine instead: vmlet stop ${spec.name}`);
  refusePendingHardware(definition);
  await withMonitor(
    definition,
    async (qmp) => {
      await undoUnfinished(definition, qmp);
      const { running: wasRunning } = await qmp.execute('query-status');
      // An earlier save was interrupted before it ended QEMU.
      if (!wasRunning && existsSync(files.savedState)) return;
      const machineType = await queryMachineType(qmp);
      const { rootPorts, bridges } = readPlan(files);
      writeSavedNote(definition, {
        wasRunning,
        machineType,
        rootPorts: [...rootPorts],
        bridgeMtus: bridgeMtus(bridges),
      });
      // As soon as the file has its final name, the machine must not run any more.
      await saveState(qmp, files.savedState, { signal: options.signal, onProgress: options.onProgress });
    },
    { long: true, signal: options.signal },
  );
  signalKeeper(running.keeper, 'quit');
  if (!(await hasEnded(running, QUIT_MS, undefined))) await killRunning(spec.name, running, 'was saved, but');
}

/** Recovers from a save that was interrupted after QEMU had written all memory, but before the file had its name. */
async function undoUnfinished(definition: Definition, qmp: QmpClient): Promise<void> {
  const { files } = definition;
  const { status } = await qmp.execute('query-status');
  if (status !== 'postmigrate' || existsSync(files.savedState)) return;
  const wasRunning = existsSync(files.savedStateNote) && readSavedNote(definition).wasRunning;
  // QEMU does not save twice, unless it has run in between.
  await qmp.execute('cont');
  if (!wasRunning) await qmp.execute('stop');
}

/**
 * Loads the saved memory into a waiting QEMU. The file is removed before the guest runs: resuming from it again later,
 * with changed disks, would destroy their contents.
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

/** Completes an interrupted start that had already loaded the memory into QEMU. */
export async function resumeSaved(definition: Definition, { signal }: Limits): Promise<void> {
  const work = async (qmp: QmpClient): Promise<void> => {
    await qmp.execute('cont', {}, { signal });
    forgetNote(definition);
  };
  await withMonitor(definition, work, { signal });
}

function forgetNote(definition: Definition): void {
  try {
    discardSavedNote(definition);
  } catch (error) {
    // The guest is running; the next start removes the note.
    if (!isSystemError(error)) throw error;
  }
}
