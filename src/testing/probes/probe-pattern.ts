/** Text to contain literally, or a pattern to match. */
export type Pattern = string | RegExp;

export function matches(text: string, pattern: Pattern): boolean {
  // search() ignores the lastIndex of a global pattern.
  return typeof pattern === 'string' ? text.includes(pattern) : text.search(pattern) >= 0;
}

export function describePattern(pattern: Pattern): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern);
}
