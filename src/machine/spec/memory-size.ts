import { InvalidInputError } from '../../errors/index.ts';
import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';

const MiB = 1024 * 1024;
const LEAST_MEMORY = 32 * MiB;

/**
 * Bytes of a number, or of a size such as 512M.
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
  // QEMU's memory backends come in whole pages; whole mebibytes keep every backend content.
  const whole = Math.ceil(bytes / MiB) * MiB;
  if (Number.isSafeInteger(bytes) && bytes >= LEAST_MEMORY && Number.isSafeInteger(whole)) return whole;
  const problem =
    bytes < LEAST_MEMORY
      ? `less than the ${LEAST_MEMORY / MiB} MiB that a guest needs`
      : 'not a number of bytes that this program can count';
  throw new InvalidInputError(field, `${memory} is ${problem}`, {
    hint: 'give bytes, or a size such as 512M or 2G',
  });
}

/** virsh and QEMU count in mebibytes: a number that is too small for a guest's bytes was meant so. */
function refuseForgottenUnit(memory: number | string, bytes: number, field: string): void {
  if (!Number.isInteger(bytes) || bytes <= 0 || bytes >= MiB || !/^\d+$/.test(String(memory))) return;
  throw new InvalidInputError(field, `${memory} bytes; did you mean ${memory}M?`, {
    hint: 'a number without a unit is bytes: write 512M or 2G',
  });
}
