import type { Machine } from '../../index.ts';
import { note } from '../output/say.ts';

const TRY_EVERY_MS = 2000;

/**
 * Reports when a throw-away machine is paused because the host has no space left, and resumes it when space is freed:
 * no other command reaches such a machine. It simply tries, since only the kernel knows quotas and reserved blocks.
 */
export function resumeWithSpace(machine: Machine): void {
  let attempt: NodeJS.Timeout | undefined;
  let told = -Infinity;
  const forget = machine.onOutOfSpace(({ disk }) => {
    const now = performance.now();
    if (now - told > 2 * TRY_EVERY_MS) {
      const path = machine.plan.disks.find(({ nodeName }) => nodeName === disk)?.path ?? disk;
      note(`guest paused: no space left on the host for ${path}; the guest resumes when space is freed`);
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
