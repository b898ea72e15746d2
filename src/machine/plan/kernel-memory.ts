import { statSync } from 'node:fs';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';

const MiB = 1024 * 1024;
/** Mebibytes that are enough for usual kernels. */
const AMPLE = 256;

/**
 * Minimum memory of a kernel beyond its file and initramfs. Debian's cloud kernel with micro (60 MiB of
 * files) boots in 84 MiB but not in 80; a smaller kernel may need less.
 */
const KERNEL_NEEDS = 16 * MiB;

/**
 * Rejects a memory size too small for the kernel: it would die silently, or report faults forever.
 * @param hintWith returns the hint for a size that is enough.
 * @throws InvalidInputError
 */
export function checkKernelMemory(
  memoryBytes: number,
  kernelPath: string,
  initrdPath: string | undefined,
  hintWith = (size: string): string => `give more memory, such as ${size}`,
): void {
  const files = [kernelPath, ...(initrdPath === undefined ? [] : [initrdPath])];
  const fileBytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  if (memoryBytes >= fileBytes + KERNEL_NEEDS) return;
  throw new InvalidInputError(
    'memory',
    `${formatBytes(memoryBytes)} is too small: the kernel and its initramfs take ${formatBytes(fileBytes)}, and the running kernel needs ${formatBytes(KERNEL_NEEDS)} more`,
    { hint: hintWith(`${Math.max(AMPLE, Math.ceil((2 * fileBytes) / MiB))}M`) },
  );
}
