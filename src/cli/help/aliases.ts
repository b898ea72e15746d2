import { COLOUR_FLAG } from '../output/colour.ts';

/** Words that podman's users type, and the words that they stand for. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  ps: ['ls', '--running'],
  images: ['image', 'ls'],
  rmi: ['image', 'rm'],
  attach: ['console'],
};

/** Puts a verb in the place of an alias, which may stand behind flags of the program's own. */
export function withoutAlias(args: readonly string[]): string[] {
  const at = verbAt(args);
  const word = args[at];
  const meant = word !== undefined && Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
  return meant === undefined ? [...args] : [...args.slice(0, at), ...meant, ...args.slice(at + 1)];
}

/** Where the verb is, or the one that `help` explains. `--color` alone of the program's own flags takes a value. */
export function verbAt(args: readonly string[]): number {
  const first = args.findIndex((word, at) => !word.startsWith('-') && args[at - 1] !== COLOUR_FLAG);
  if (args[first] !== 'help') return first;
  const second = args.slice(first + 1).findIndex((word) => !word.startsWith('-'));
  return second < 0 ? first : first + 1 + second;
}
