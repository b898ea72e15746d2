import { StandstillError } from '../errors/index.ts';
import { readProcess, readProcessStat } from './procfs/stat.ts';

/** The kernel may delay a request to a disk or a server for that long. */
export const DISK_STANDSTILL_MS = 60_000;

const LOOKS = 10;

export interface StandstillWatch {
  readonly stop: () => void;
  /** @throws StandstillError when the program was killed for being stalled. */
  readonly throwIfEnded: () => void;
}

/**
 * Kills a program once its process has used no processor time and moved no data for the given milliseconds. A
 * slow but active program is not affected.
 */
export function endAtStandstill(
  program: string,
  pid: number,
  milliseconds: number,
  end: () => void,
): StandstillWatch {
  let last = doneBy(pid);
  let still = 0;
  let isEnded = false;
  const timer = setInterval(() => {
    const now = doneBy(pid);
    still = now === last ? still + 1 : 0;
    last = now;
    if (still < LOOKS) return;
    clearInterval(timer);
    isEnded = true;
    end();
  }, milliseconds / LOOKS);
  return {
    stop: () => clearInterval(timer),
    throwIfEnded: () => {
      if (isEnded) throw new StandstillError(program, milliseconds);
    },
  };
}

/** Changes between two checks if the process is active, or is only waiting for a processor. */
function doneBy(pid: number): string | undefined {
  const stat = readProcessStat(pid);
  if (stat?.state === 'R') return String(performance.now());
  return stat && [stat.userTicks, stat.systemTicks, readProcess(`/proc/${pid}/io`)].join(' ');
}
