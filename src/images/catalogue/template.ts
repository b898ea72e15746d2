/** What is put in place of words in braces, as of `{arch}`. */
export type Words = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{([a-z]+)\}/g;

export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** A word that nobody has is left as it is. */
export function fill(template: string, words: Words): string {
  return template.replace(PLACEHOLDER, (whole, word: string) => words[word] ?? whole);
}

/**
 * The words are taken literally: the dot of a version is a dot.
 * @throws SyntaxError
 */
export function compilePattern(text: string, words: Words): RegExp {
  const literal = text.replace(PLACEHOLDER, (whole, word: string) => {
    const given = words[word];
    return given === undefined
      ? whole.replace(/[{}]/g, '\\$&')
      : given.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(literal, 'u');
}
