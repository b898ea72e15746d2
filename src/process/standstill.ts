import { StandstillError } from '../errors/index.ts';
import { parseProcessStat, readProcess } from './procfs/stat.ts';

/** The kernel may keep a request to a disk or a server for as long. */
export const DISK_STANDSTILL_MS = 60_000;

const LOOKS = 10;

export interface StandstillWatch {
  readonly stop: () => void;
  /** @throws StandstillError when the program was ended for it. */
  readonly throwIfEnded: () => void;
}

/**
 * Ends a program once its process has used no processor and moved no data for so many milliseconds: whoever works, however
 * slowly, is left alone.
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

/** Differs from look to look where the process does something, or waits for nothing but a processor. */
function doneBy(pid: number): string | undefined {
  const stat = parseProcessStat(readProcess(`/proc/${pid}/stat`) ?? '');
  if (stat?.state === 'R') return String(performance.now());
  return stat && [stat.userTicks, stat.systemTicks, readProcess(`/proc/${pid}/io`)].join(' ');
}
