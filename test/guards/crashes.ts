import { execFileSync } from 'node:child_process';

const OURS = /segfault at .* in (qemu-|passt|vmlet-)/;

/**
 * The crashes of QEMU, passt and vmlet’s programs in the kernel’s log, whether or not a test checked how they
 * ended. The log does not name their owner: a crash of another user’s QEMU in that time counts, too.
 * @returns undefined if the log may not be read.
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
    console.warn(
      `crashes of QEMU and passt are not checked, since dmesg may not be read: ${(error as Error).message.trim().replaceAll('\n', '; ')}`,
    );
    return undefined;
  }
}
