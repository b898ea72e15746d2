import { execFileSync } from 'node:child_process';

const OURS = /segfault at .* in (qemu-|passt|vmlet-)/;

/** Fails the run when a program crashed meanwhile, whether or not a test looked at how it ended. */
export default function setup(): (() => void) | undefined {
  const before = crashes();
  return before && (() => refuseNew(before));
}

function refuseNew(before: readonly string[]): void {
  const seen = crashes()?.filter((line) => !before.includes(line)) ?? [];
  if (seen.length > 0) throw new Error(`the kernel saw crashes:\n  ${seen.join('\n  ')}`);
}

/** Undefined where the log may not be read. */
function crashes(): string[] | undefined {
  try {
    const log = execFileSync('dmesg', {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return log.split('\n').filter((line) => OURS.test(line));
  } catch (error) {
    console.warn(`no crash will be seen: ${(error as Error).message.trim().replaceAll('\n', '; ')}`);
    return undefined;
  }
}
