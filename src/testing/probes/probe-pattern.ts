/** What a text must hold: these very characters, or a match. */
export type Pattern = string | RegExp;

export function matches(text: string, pattern: Pattern): boolean {
  // search() takes no notice of a global pattern's last index.
  return typeof pattern === 'string' ? text.includes(pattern) : text.search(pattern) >= 0;
}

export function describePattern(pattern: Pattern): string {
  return typeof pattern === 'string' ? JSON.stringify(pattern) : String(pattern);
}
