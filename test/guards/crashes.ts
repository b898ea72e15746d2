import { execFileSync } from 'node:child_process';

const OURS = /segfault at .* in (qemu-|passt|vmlet-)/;

/**
 * The crashes of QEMU, passt and vmlet's programs that the kernel's log has, whether or not a test looked at how they
 * ended. It does not tell whose they were: a crash of another user's QEMU meanwhile counts, too.
 * @returns undefined where the log may not be read.
 */
export function crashesOnHost(): string[] | undefined {
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
