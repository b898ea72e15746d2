import { Interrupts } from './interrupts.ts';

/** Ctrl-C ends the work in an orderly way, so that nothing half-made stays. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using interrupts = new Interrupts();
  return await work(interrupts.signal);
}
