/** Compression of a whole file. */
export type Compression = 'none' | 'xz' | 'gzip' | 'zstd' | 'bzip2';

/** How many bytes `compressionOf` requires. */
export const MAGIC_BYTES = 6;

const MAGICS: readonly (readonly [Exclude<Compression, 'none'>, Buffer])[] = [
  // Sources: .xz 1.2.0 §2.1.1.1, RFC 1952 §2.3.1 with method deflate, RFC 8878 §3.1.1, bzip2's "BZh".
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['bzip2', Buffer.from('BZh')],
];

/** Detects the compression by the file's first bytes, because its name may be wrong. */
export function compressionOf(head: Uint8Array): Compression {
  const found = MAGICS.find(([, magic]) => magic.equals(head.subarray(0, magic.length)));
  return found?.[0] ?? 'none';
}
