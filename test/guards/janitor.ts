import { rmSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from '../../src/errors/index.ts';
import { abandonedIn } from './places.ts';
import { pidsMarked } from './processes.ts';

/** The processes and files that an interrupted run leaves. */
export interface Estate {
  readonly mark: number;
  readonly runner: number;
  /** Directories of the run alone. */
  readonly directories: readonly string[];
  /** Memory of guests of all runs of this user. */
  readonly sharedMemory: string;
}

const PATIENCE_MS = 10_000;

/** Kills what the run has started. Guests do not end by themselves when the test that owns them is interrupted. */
async function end({ mark, runner, directories, sharedMemory }: Estate): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const pids = pidsMarked(mark);
    if (pids.length === 0 || Date.now() > deadline) break;
    // Node closes its files a moment before it exits.
    for (const pid of pids) if (pid !== runner) kill(pid);
    await delay(50);
  }
  for (const directory of [...directories, ...abandonedIn(sharedMemory)])
    rmSync(directory, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended meanwhile.
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}

// The end of the input is the end of the run, however it ends.
const estate = await text(process.stdin);
// A run that ended before it had started anything has told nothing.
if (estate !== '') await end(JSON.parse(estate) as Estate);
