import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * After a program exits, a child of it may still hold its output open; the program's own output has arrived
 * by then.
 */
const PATIENCE_MS = 1000;

/**
 * Closes our ends of a program's output shortly after it has exited, even if other processes still hold the
 * other ends.
 */
export function closeOrphanedOutput(child: ChildProcess): void {
  child.once('exit', () => {
    const giveUp = (): void => child.stdio.forEach((stream) => stream?.destroy());
    // On a busy host the time may be over before existing output was read: read it first.
    const timer = setTimeout(() => setImmediate(giveUp), PATIENCE_MS);
    child.once('close', () => clearTimeout(timer));
  });
}

/**
 * Yields a program's output on a connection until the program closes it, or has exited and no more output
 * arrives.
 */
export async function* outputUntilGone(output: Readable, exited: Promise<unknown>): AsyncGenerator<Buffer> {
  const chunks = (output as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  const gone = { yes: false, wake: (): void => undefined };
  void exited.then(() => {
    gone.yes = true;
    gone.wake();
  });
  for (;;) {
    const next = chunks.next();
    // Not one promise for all chunks: that would keep every chunk in memory until it settles.
    if (!gone.yes) await Promise.race([next, new Promise<void>((resolve) => (gone.wake = resolve))]);
    const result = await (gone.yes ? aMomentFor(next) : next);
    if (result === undefined) output.destroy();
    if (result === undefined || result.done === true) return;
    yield result.value;
  }
}

/** Returns undefined when the work takes longer. */
export async function aMomentFor<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => setImmediate(resolve, undefined), PATIENCE_MS);
  });
  // The caller then closes the stream, and nobody handles a later rejection.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, patience]);
  } finally {
    clearTimeout(timer);
  }
}
