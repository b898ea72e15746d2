import { MachineEndedError, MachineStateError, type VmletError } from '../../errors/index.ts';
import { isAlive } from '../../process/procfs/identity.ts';
import type { Definition } from '../record/definition.ts';
import { type RunningStatus, describeEnd, readStatus, notRunning } from '../record/machine-status.ts';
import { poll } from '../../util/time/poll.ts';

const LOOK_EVERY_MS = 10;

/** Waits until a machine's keeper has exited. Returns false after `timeoutMs`. */
export async function hasEnded(
  { keeper }: Pick<RunningStatus, 'keeper'>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return poll(() => !isAlive(keeper), { everyMs: LOOK_EVERY_MS, timeoutMs, signal });
}

/** Returns the error for work on a machine whose keeper has exited in the meantime. */
export function endedMeanwhile({ spec, files }: Definition, cause: unknown): VmletError {
  const status = readStatus(files);
  switch (status.kind) {
    case 'stopped': {
      const { outcome } = status;
      return new MachineEndedError(`${describeEnd(outcome)} (machine "${spec.name}")`, outcome, { cause });
    }
    case 'running':
      return new MachineStateError(
        spec.name,
        status.state,
        'ended and was started again while this command was running',
        {
          hint: `check the machine: vmlet inspect ${spec.name}; then run the command again if necessary`,
          cause,
        },
      );
    default:
      return notRunning(spec.name, status.kind);
  }
}
