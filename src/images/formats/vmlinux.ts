import { type CompressedKernel, kernelPayload } from './bzimage.ts';
import { type Decompressors, decompress } from './decompress.ts';
import { hasPvhEntry } from './elf.ts';

/**
 * The uncompressed kernel out of a bzImage, which saves the guest from decompressing it: under TCG that is a
 * third of the whole boot. Undefined where QEMU could not start it that way; the bzImage still works then.
 * @throws ImageBuildError where the program that undoes the compression is missing.
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
