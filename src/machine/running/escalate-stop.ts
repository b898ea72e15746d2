import type { QemuLifecycle } from '../life/qemu-lifecycle.ts';
import { deferred } from '../../util/time/deferred.ts';
import { startTimer } from '../../util/time/timer.ts';

/** The ways to end a machine, gentlest first. */
export type StopRung = 'guest' | 'power-button' | 'quit' | 'SIGTERM' | 'SIGKILL';

export interface StopStep {
  readonly rung: StopRung;
  /** Part of the total time that this step may use, in proportion to the shares of the others. */
  readonly share: number;
  readonly take: () => unknown;
}

/**
 * Takes one step after the other until the machine has ended. A step that fails counts as one without effect.
 * @returns the step that worked; undefined when the machine had already ended.
 */
export async function escalateStop(
  life: QemuLifecycle,
  steps: readonly StopStep[],
  timeoutMs: number,
): Promise<StopRung | undefined> {
  const whole = steps.reduce((sum, { share }) => sum + share, 0);
  for (const step of steps) {
    if (life.outcome !== undefined) return undefined;
    const failed = Promise.resolve()
      .then(step.take)
      .then(
        async () => new Promise<never>(() => undefined),
        () => false,
      );
    const patience = after((timeoutMs * step.share) / whole);
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
