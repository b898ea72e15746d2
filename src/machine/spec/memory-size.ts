import { InvalidInputError } from '../../errors/index.ts';
import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';

const MiB = 1024 * 1024;
const LEAST_MEMORY = 32 * MiB;

/**
 * Converts a number of bytes, or a size such as 512M, to bytes.
 * @param field names it in errors.
 * @throws InvalidInputError
 */
export function parseMemory(memory: number | string, field = 'memory'): number {
  const bytes =
    typeof memory === 'number'
      ? memory
      : /^\d+$/.test(memory)
        ? Number(memory)
        : parseDiskSize(memory, field);
  refuseForgottenUnit(memory, bytes, field);
  // QEMU's memory backends need whole pages; whole mebibytes suit every backend.
  const whole = Math.ceil(bytes / MiB) * MiB;
  if (Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY && Number.isSafeInteger(whole)) return whole;
  if (bytes < LEAST_MEMORY) {
    const least = LEAST_MEMORY / MiB;
    throw new InvalidInputError(field, `${memory} is less than the minimum of ${least} MiB`, {
      hint: `use at least ${least}M`,
    });
  }
  throw new InvalidInputError(field, `${memory} is not a valid size`, {
    hint: 'give a number of bytes, or a size such as 512M or 2G',
  });
}

/** virt-install and QEMU count in mebibytes: a number too small for bytes was probably meant that way. */
function refuseForgottenUnit(memory: number | string, bytes: number, field: string): void {
  if (!Number.isInteger(bytes) || bytes <= 0 || bytes >= MiB || !/^\d+$/.test(String(memory))) return;
  throw new InvalidInputError(field, `${memory} means ${memory} bytes; did you mean ${memory}M?`, {
    hint: 'add a unit, as in 512M or 2G; a number without a unit is in bytes',
  });
}
