/**
 * Returns false for text with half of a surrogate pair, which UTF-8 cannot represent: written out, it would
 * silently become another character. String.prototype.isWellFormed is in Node 20, but not in the ES2023
 * types.
 */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
