import type { Outcome } from '../../machine/life/outcome.ts';
import type { Machine } from '../../machine/running/machine.ts';

/** The parts of a guest that checks use: a machine has them, and so has a guest of a pool. */
export type ProbedGuest = Pick<Machine, 'exec' | 'readFile' | 'pull'>;

/** One run of a guest under test. */
export interface GuestRun {
  readonly guest: ProbedGuest;
  /** Settles when the guest has ended; rejects where its outcome is unknown. */
  readonly ended: Promise<Outcome>;
  /** Aborts work on the guest; undefined where nothing does. */
  readonly signal: AbortSignal | undefined;
  /** Settles like `work`, or rejects with the guest's alarm. */
  guard<T>(work: PromiseLike<T>): Promise<T>;
}
