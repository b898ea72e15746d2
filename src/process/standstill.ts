import { readFileSync } from 'node:fs';
import { StandstillError, isSystemError } from '../errors/index.ts';

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
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // Fields 3, 14 and 15 of proc_pid_stat(5), whose second field may hold anything in its parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'R') return String(performance.now());
  return [fields[11], fields[12], readIfThere(`/proc/${pid}/io`)].join(' ');
}

/** Undefined for a process that is gone, and for what it hides. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
