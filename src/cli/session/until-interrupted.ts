import { Interrupts } from './interrupts.ts';

/** Aborts the work on Ctrl-C, so that it can clean up. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using interrupts = new Interrupts();
  return await work(interrupts.signal);
}
