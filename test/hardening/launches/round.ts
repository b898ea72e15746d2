import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../fixtures/agent/random.ts';
import type { RunningMachine } from '../../../src/index.ts';
import { descendantsOf } from '../load/child-processes.ts';

/** The ways to end a launch, before or after it is complete. */
export const ENDINGS = ['abort', 'abort-late', 'dispose', 'kill-qemu', 'kill-passt', 'stop'] as const;
export type Ending = (typeof ENDINGS)[number];

export type Start = (signal: AbortSignal) => Promise<RunningMachine>;

const ABORT_WITHIN_MS = 1500;

/** One launch and its end. @returns a permitted rejection, or undefined; other errors are thrown. */
export async function launchAndEnd(start: Start, ending: Ending, random: Random): Promise<void> {
  const controller = new AbortController();
  const reason = new Error('aborted by the test');
  const timer =
    ending === 'abort'
      ? setTimeout(() => controller.abort(reason), random.below(ABORT_WITHIN_MS))
      : undefined;
  try {
    await using machine = await start(controller.signal);
    await endIt(machine, ending, controller, reason);
  } catch (error) {
    if (error !== reason) throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function endIt(
  machine: RunningMachine,
  ending: Ending,
  controller: AbortController,
  reason: Error,
): Promise<void> {
  switch (ending) {
    case 'abort':
    case 'abort-late':
      controller.abort(reason);
      await machine.ended;
      return;
    case 'dispose':
      return;
    case 'kill-qemu':
      process.kill(machine.pid, 'SIGKILL');
      await machine.ended;
      return;
    case 'kill-passt':
      killOnePasst();
      // Other launches may have been hit too: the leftovers of each are counted.
      await delay(1);
      return;
    case 'stop':
      await machine.stop({ timeoutMs: 500 });
  }
}

function killOnePasst(): void {
  const passt = descendantsOf(process.pid).find(({ program }) => program.startsWith('passt'));
  if (!passt) return;
  try {
    process.kill(passt.pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
