import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../images/qemu-img/disk-size.ts';

/** What a host has for its programs, in bytes. */
export interface HostMemory {
  readonly memoryBytes: number;
  readonly swapBytes: number;
}

/**
 * A guest that is larger than the host does not come up: Linux refuses QEMU its memory, or, where it is shared with
 * passt, lets the guest's kernel lay out tables that the host cannot hold.
 * @param memory what the host has; looked up by default.
 * @throws InvalidInputError
 */
export function checkHostMemory(guestBytes: number, memory: HostMemory = readHostMemory()): void {
  const { memoryBytes, swapBytes } = memory;
  if (guestBytes <= memoryBytes + swapBytes) return;
  const swap = swapBytes === 0 ? 'no swap' : `${formatBytes(swapBytes)} of swap`;
  throw new InvalidInputError(
    'memory',
    `${formatBytes(guestBytes)} is more than this host has: ${formatBytes(memoryBytes)} of memory and ${swap}`,
    { hint: 'give the guest less memory, such as 2G' },
  );
}

function readHostMemory(): HostMemory {
  return parseMeminfo(readFileSync('/proc/meminfo', 'utf8'));
}

/** The lines are those of proc_meminfo(5), whose `kB` are 1024 bytes. */
export function parseMeminfo(text: string): HostMemory {
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { memoryBytes: bytesOf('MemTotal'), swapBytes: bytesOf('SwapTotal') };
}
