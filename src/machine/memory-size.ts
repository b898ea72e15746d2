import { InvalidInputError } from '../errors.ts';
import { parseDiskSize } from '../images/disk-size.ts';

const MiB = 1024 * 1024;
const LEAST_MEMORY = 32 * MiB;

/**
 * Bytes of a number, or of a size such as 512M.
 * @throws InvalidInputError
 */
export function parseMemory(memory: number | string): number {
  const bytes =
    typeof memory === 'number'
      ? memory
      : /^\d+$/.test(memory)
        ? Number(memory)
        : parseDiskSize(memory, 'memory');
  if (!Number.isSafeInteger(bytes) || bytes < LEAST_MEMORY) {
    throw new InvalidInputError(
      'memory',
      `${memory} is less than the ${LEAST_MEMORY / MiB} MiB that a guest needs`,
      {
        hint: 'give bytes, or a size such as 512M or 2G',
      },
    );
  }
  // QEMU's memory backends come in whole pages; whole mebibytes keep every backend content.
  return Math.ceil(bytes / MiB) * MiB;
}
