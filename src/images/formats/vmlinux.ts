import { type CompressedKernel, kernelPayload } from './bzimage.ts';
import { type Decompressors, decompress } from './decompress.ts';
import { hasPvhEntry } from './elf.ts';

/**
 * Extracts the uncompressed kernel from a bzImage, which saves the guest from decompressing it: under TCG that takes a
 * third of the boot time. Undefined if QEMU could not start the kernel that way; the bzImage still works then.
 * @throws ImageBuildError when the decompressor is missing.
 */
export async function extractVmlinux(bzImage: Buffer, tools: Decompressors): Promise<Buffer | undefined> {
  const payload = kernelPayload(bzImage);
  if (payload === undefined) return undefined;
  const vmlinux = await decompress(payload.data, payload.compression, tools);
  return isComplete(vmlinux, payload) && hasPvhEntry(vmlinux) ? vmlinux : undefined;
}

function isComplete(vmlinux: Buffer, payload: CompressedKernel): boolean {
  return payload.expectedSize === undefined || payload.expectedSize === vmlinux.length;
}
