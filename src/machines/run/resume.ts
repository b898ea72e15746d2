import { existsSync } from 'node:fs';
import { MachineStateError, NoSpaceError, TimedOutError } from '../../errors/index.ts';
import { describeOutOfSpace, outOfSpaceOf } from '../../machine/life/out-of-space.ts';
import { tellMissed } from '../../machine/network/tell-members.ts';
import { resumeProcessors } from '../../machine/running/resume-processors.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { Scope } from '../../util/scope.ts';
import { type MonitorOptions, withMonitor } from '../channel/monitor.ts';
import { lockMachine } from '../lock/machine-lock.ts';
import type { Definition } from '../record/definition.ts';
import { placesOf } from '../record/network-members.ts';
import { discardSaved } from '../record/saved-note.ts';
import { refuseHalfRestored } from '../recovery/interrupted-restore.ts';

/** QEMU repeats the failed request as soon as the machine resumes; a full disk fails it at once. */
const RETRY_MS = 500;

/**
 * Resumes a machine's processors, and wakes up a guest that has suspended itself.
 * @throws MachineBusyError while it is being saved or its saved memory is being loaded, MachineStateError, NoSpaceError.
 */
export async function resumeMachine(definition: Definition, options: MonitorOptions): Promise<void> {
  const { spec, files } = definition;
  await using scope = new Scope();
  // Left by a killed command, or of one at work. Any other resume must be possible during a start or stop.
  if (existsSync(files.savedStateNote)) await lockMachine(spec.name, files, 'resuming it', scope);
  await withMonitor(
    definition,
    async (monitor) => {
      refuseHalfRestored(definition);
      const { status } = await monitor.execute('query-status');
      if (status === 'inmigrate') {
        // The process that started it was killed before QEMU had read the saved memory, which is still in its file.
        throw new MachineStateError(spec.name, status, 'has not loaded its saved memory yet', {
          hint: `to load the saved memory, start the machine again: vmlet start ${spec.name}`,
        });
      }
      // Left by a save that was interrupted at its end. Once the machine runs, resuming from it would be wrong and dangerous.
      discardSaved(definition);
      if (status === 'io-error') await resumeIntoSpace(spec.name, monitor);
      else await resumeProcessors(monitor, status);
    },
    options,
  );
  await tellMissed(placesOf(files), spec.name, options.signal);
}

/**
 * Resumes a machine that was paused for lack of space on the host.
 * @throws NoSpaceError when it is paused again, or the signal's reason.
 */
export async function resumeIntoSpace(
  name: string,
  qmp: QmpClient,
  { signal }: Pick<Limits, 'signal'> = {},
): Promise<void> {
  const fullAgain = qmp.waitFor('BLOCK_IO_ERROR', {
    where: ({ data }) => outOfSpaceOf(data) !== undefined,
    timeoutMs: RETRY_MS,
    signal,
  });
  const [failed] = await Promise.all([
    fullAgain.catch((error: unknown) => {
      if (error instanceof TimedOutError) return undefined;
      throw error;
    }),
    qmp.execute('cont', {}, { signal }),
  ]);
  const full = outOfSpaceOf(failed?.data);
  if (!full) return;
  throw new NoSpaceError(`machine "${name}" was paused again: ${describeOutOfSpace(full)}`, {
    hint: `free more space, then run: vmlet resume ${name}`,
  });
}
