import type { Machine } from '../../index.ts';
import { note } from '../output/say.ts';

const TRY_EVERY_MS = 2000;

/**
 * Says when a throw-away machine stands still for lack of space on the host, and lets it go on when there is some:
 * there is no other command that reaches it. To try is to ask: quotas and reserved blocks are known to the host alone.
 */
export function goOnWithSpace(machine: Machine): void {
  let attempt: NodeJS.Timeout | undefined;
  let told = -Infinity;
  const forget = machine.onOutOfSpace(({ disk }) => {
    const now = performance.now();
    if (now - told > 2 * TRY_EVERY_MS) {
      const path = machine.plan.disks.find(({ nodeName }) => nodeName === disk)?.path ?? disk;
      note(`guest paused: no space left on the host for ${path}; it resumes when space is freed`);
    }
    told = now;
    attempt = setTimeout(() => void machine.resume().catch(() => undefined), TRY_EVERY_MS);
  });
  const end = (): void => {
    forget();
    clearTimeout(attempt);
  };
  machine.ended.then(end, end);
}
