import type { FileHandle } from 'node:fs/promises';
import type { Compression } from './compression.ts';

/** Size of the footer of an .xz file, and the limit for its index. */
const XZ_FOOTER_BYTES = 12;
const LONGEST_XZ_INDEX = 4 * 1024 * 1024;
const ZSTD_HEADER_BYTES = 18;

/**
 * Reads how many bytes a compressed file announces to unpack to. This is a lower bound: a file may consist of several
 * parts, of which only one is read. gzip and bzip2 have no reliable size.
 * @returns undefined if the file announces no size.
 */
export async function announcedBytes(file: FileHandle, method: Compression): Promise<number | undefined> {
  const { size } = await file.stat();
  if (method === 'zstd') return zstdContentBytes(await readAt(file, 0, ZSTD_HEADER_BYTES));
  if (method !== 'xz' || size < XZ_FOOTER_BYTES) return undefined;
  const footer = await readAt(file, size - XZ_FOOTER_BYTES, XZ_FOOTER_BYTES);
  const indexBytes = xzIndexBytes(footer);
  if (indexBytes === undefined || indexBytes > Math.min(LONGEST_XZ_INDEX, size - XZ_FOOTER_BYTES)) {
    return undefined;
  }
  return xzContentBytes(await readAt(file, size - XZ_FOOTER_BYTES - indexBytes, indexBytes));
}

async function readAt(file: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}

/** RFC 8878 §3.1.1.1. */
function zstdContentBytes(head: Buffer): number | undefined {
  const descriptor = head[4];
  if (descriptor === undefined) return undefined;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  if (sizeBytes === 0 || head.length < at + sizeBytes) return undefined;
  if (sizeBytes === 8) return Number(head.readBigUInt64LE(at));
  return head.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}

/** .xz 1.2.0 §2.1.2. */
function xzIndexBytes(footer: Buffer): number | undefined {
  if (footer.toString('latin1', 10, 12) !== 'YZ') return undefined;
  return (footer.readUInt32LE(4) + 1) * 4;
}

/** Returns the sum of the blocks' unpacked sizes (.xz 1.2.0 §4). */
function xzContentBytes(index: Buffer): number | undefined {
  let at = 1;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; at < index.length; factor *= 128) {
      const byte = index[at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  if (index[0] !== 0) return undefined;
  const blocks = next();
  let bytes = 0;
  for (let block = 0; block < blocks && at < index.length; block++) {
    next();
    bytes += next();
  }
  return Number.isFinite(bytes) ? bytes : undefined;
}
