import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** After a program is gone, a child of it may still hold its output open; what it printed itself is there by then. */
const PATIENCE_MS = 1000;

/** Closes our ends of what a program printed into a moment after it is gone, whoever else has the others. */
export function giveUpOrphanedOutput(child: ChildProcess): void {
  child.once('exit', () => {
    const giveUp = (): void => child.stdio.forEach((stream) => stream?.destroy());
    // On a host with much to do the time may be over before we have read what is there: that comes first.
    const timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
    child.once('close', () => clearTimeout(timer));
  });
}

/** What a program writes into a connection, until it closes that, or is gone and nothing more comes for a moment. */
export async function* outputUntilGone(output: Readable, exited: Promise<unknown>): AsyncGenerator<Buffer> {
  const chunks = (output as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const gone = { yes: false, wake: (): void => undefined };
  void exited.then(() => {
    gone.yes = true;
    gone.wake();
  });
  for (;;) {
    const next = chunks.next();
    // Not with one promise for all of them: that would keep every chunk until it settles.
    if (!gone.yes) await Promise.race([next, new Promise<void>((resolve) => (gone.wake = resolve))]);
    const result = await (gone.yes ? aMomentFor(next) : next);
    if (result === undefined) output.destroy();
    if (result === undefined || result.done === true) return;
    yield result.value;
  }
}

/** Undefined where that is not enough for it. */
export async function aMomentFor<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => setImmediate(resolve, undefined), PATIENCE_MS);
  });
  // Whoever gives up closes it, which nobody waits for.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
  }
}
