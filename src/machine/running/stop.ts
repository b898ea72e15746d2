import type { Life } from '../life/life.ts';
import { deferred } from '../../util/time/deferred.ts';
import { startTimer } from '../../util/time/timer.ts';

/** The ways of ending a machine, gentlest first. */
export type StopRung = 'guest' | 'power-button' | 'quit' | 'SIGTERM' | 'SIGKILL';

export interface StopStep {
  readonly rung: StopRung;
  /** Share of the whole patience that this step may use up. */
  readonly share: number;
  readonly take: () => unknown;
}

/**
 * Takes one step after the other until the machine is gone. A step that fails counts as one without effect.
 * @returns the rung that worked; undefined when the machine was gone already.
 */
export async function climbDown(
  life: Life,
  steps: readonly StopStep[],
  timeoutMs: number,
): Promise<StopRung | undefined> {
  for (const step of steps) {
    if (life.outcome !== undefined) return undefined;
    const failed = Promise.resolve()
      .then(step.take)
      .then(
        async () => new Promise<never>(() => undefined),
        () => false,
      );
    const patience = after(timeoutMs * step.share);
    const gone = life.ended.then(() => true);
    const worked = await Promise.race([gone, failed, patience.promise]).finally(patience.cancel);
    if (worked) return step.rung;
  }
  life.send('SIGKILL');
  await life.ended;
  return 'SIGKILL';
}

function after(milliseconds: number): { promise: Promise<false>; cancel: () => void } {
  const { promise, resolve } = deferred<false>();
  return { promise, cancel: startTimer(milliseconds, () => resolve(false)) };
}
