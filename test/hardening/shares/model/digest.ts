const OFFSET_BASIS = 2_166_136_261;
const PRIME = 16_777_619;

/** FNV-1a, as file-calls prints it. */
export function digestOf(content: Buffer): string {
  let digest = OFFSET_BASIS;
  for (const byte of content) digest = Math.imul(digest ^ byte, PRIME);
  return (digest >>> 0).toString(16).padStart(8, '0');
}

/** The bytes that `fill` of file-calls writes. */
export function filling(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (seed + index * 7 + (index >> 8) * 13) & 0xff));
}
