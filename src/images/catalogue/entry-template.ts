/** Replacements for words in braces, such as `{arch}`. */
export type Words = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{([a-z]+)\}/g;

export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '');
}

/** Replaces words in braces; unknown words stay. */
export function fill(template: string, words: Words): string {
  return template.replace(PLACEHOLDER, (whole, word: string) => words[word] ?? whole);
}

/**
 * Compiles a pattern with words in braces, whose replacements match literally: the dot of a version is a dot.
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
