import { isElf } from './elf.ts';

export type Compression = 'gzip' | 'xz' | 'lz4' | 'zstd' | 'bzip2' | 'lzma' | 'lzo' | 'none';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a]],
  ['none', [0x7f, 0x45, 0x4c, 0x46]],
];

export interface CompressedKernel {
  readonly compression: Compression;
  readonly data: Buffer;
  /** Size in bytes after decompression, where the kernel's build recorded it. */
  readonly expectedSize: number | undefined;
}

function isBzImage(kernel: Buffer): boolean {
  return kernel.length > 0x268 && kernel.toString('latin1', 0x202, 0x206) === 'HdrS';
}

/**
 * Returns the compressed ELF kernel inside a bzImage, by the x86 boot protocol 2.08 and later
 * (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length).
 * Undefined for other files, older kernels and unknown compression.
 */
export function kernelPayload(kernel: Buffer): CompressedKernel | undefined {
  if (!isBzImage(kernel) || kernel.readUInt16LE(0x206) < 0x0208) return undefined;
  const setupSectors = kernel[0x1f1] === 0 ? 4 : kernel.readUInt8(0x1f1);
  const start = (setupSectors + 1) * 512 + kernel.readUInt32LE(0x248);
  const payload = kernel.subarray(start, start + kernel.readUInt32LE(0x24c));
  if (payload.length < 8) return undefined;
  const compression = MAGIC.find(([, bytes]) => bytes.every((byte, index) => payload[index] === byte))?.[0];
  if (compression === undefined) return undefined;
  // gzip ends in its own size field; for other formats the kernel's build appends one, which decompressors reject.
  const hasForeignSize = compression !== 'gzip' && compression !== 'none';
  return {
    compression,
    data: hasForeignSize ? payload.subarray(0, -4) : payload,
    expectedSize: compression === 'none' ? undefined : payload.readUInt32LE(payload.length - 4),
  };
}

/** Whether UEFI can start the kernel: one with CONFIG_EFI_STUB is also a PE program. */
export function hasEfiStub(kernel: Buffer): boolean {
  if (kernel.length < 0x40 || kernel.toString('latin1', 0, 2) !== 'MZ') return false;
  const header = kernel.readUInt32LE(0x3c);
  return kernel.toString('latin1', header, header + 4) === 'PE\0\0';
}

/** Reads the release (`uname -r`) from a bzImage or an uncompressed kernel; undefined if it has none. */
export function kernelRelease(kernel: Buffer): string | undefined {
  if (isBzImage(kernel)) {
    const at = kernel.readUInt16LE(0x20e) + 0x200;
    return firstWord(kernel.toString('latin1', at, at + 256));
  }
  if (!isElf(kernel)) return undefined;
  const banner = 'Linux version ';
  for (let at = kernel.indexOf(banner); at !== -1; at = kernel.indexOf(banner, at + 1)) {
    const release = firstWord(kernel.toString('latin1', at + banner.length, at + banner.length + 256));
    // The first occurrence can be a format string.
    if (release && /^\d/.test(release)) return release;
  }
  return undefined;
}

function firstWord(text: string): string | undefined {
  return /^[\x21-\x7e]+/.exec(text)?.[0];
}
