import { statSync } from 'node:fs';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../images/qemu-img/disk-size.ts';

/**
 * What a kernel needs beside its file and its initramfs at the very least. Debian's cloud kernel with micro, 60 MiB of
 * files, comes up in 84 MiB and not in 80; one with less in it may do with less.
 */
const KERNEL_NEEDS = 16 * 1024 * 1024;

/**
 * A kernel in less memory than it takes itself dies without a word, or goes on telling of its faults for ever.
 * @throws InvalidInputError
 */
export function checkKernelMemory(
  memoryBytes: number,
  kernelPath: string,
  initrdPath: string | undefined,
): void {
  const files = [kernelPath, ...(initrdPath === undefined ? [] : [initrdPath])];
  const fileBytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  if (memoryBytes >= fileBytes + KERNEL_NEEDS) return;
  throw new InvalidInputError(
    'memory',
    `${formatBytes(memoryBytes)} is too little: the kernel and its initramfs alone have ${formatBytes(fileBytes)}`,
    { hint: 'give more memory, such as 256M' },
  );
}
