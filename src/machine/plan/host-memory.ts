import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';

/** Memory of a host, in bytes. */
export interface HostMemory {
  readonly memoryBytes: number;
  readonly swapBytes: number;
}

/**
 * Rejects a guest that is larger than the host. It would not boot: Linux refuses QEMU the memory or, if the
 * memory is shared with passt, the guest's kernel lays out tables that the host cannot hold.
 * @param memory the host's memory; looked up by default.
 * @throws InvalidInputError
 */
export function checkHostMemory(guestBytes: number, memory: HostMemory = readHostMemory()): void {
  const { memoryBytes, swapBytes } = memory;
  if (guestBytes <= memoryBytes + swapBytes) return;
  const swap = swapBytes === 0 ? 'no swap' : `${formatBytes(swapBytes)} of swap`;
  throw new InvalidInputError(
    'memory',
    `${formatBytes(guestBytes)} exceeds the memory of the host (${formatBytes(memoryBytes)}, ${swap})`,
    { hint: 'give the guest less memory, such as --memory 512M' },
  );
}

function readHostMemory(): HostMemory {
  return parseMeminfo(readFileSync('/proc/meminfo', 'utf8'));
}

/** Parses proc_meminfo(5); its `kB` are 1024 bytes. */
export function parseMeminfo(text: string): HostMemory {
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { memoryBytes: bytesOf('MemTotal'), swapBytes: bytesOf('SwapTotal') };
}
