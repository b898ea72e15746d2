import { COLOUR_FLAG } from '../output/colour.ts';

/** Aliases that podman's users expect. */
export const ALIASES: Readonly<Record<string, readonly string[]>> = {
  ps: ['ls', '--running'],
  images: ['image', 'ls'],
  rmi: ['image', 'rm'],
  attach: ['console'],
};

/** Replaces an alias, which may follow the program's own flags. */
export function withoutAlias(args: readonly string[]): string[] {
  const at = verbAt(args);
  const word = args[at];
  const meant = word !== undefined && Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
  return meant === undefined ? [...args] : [...args.slice(0, at), ...meant, ...args.slice(at + 1)];
}

/** Index of the verb, or of the verb after `help`. Of the program's own flags only `--color` takes a value. */
export function verbAt(args: readonly string[]): number {
  const first = args.findIndex((word, at) => !word.startsWith('-') && args[at - 1] !== COLOUR_FLAG);
  if (args[first] !== 'help') return first;
  const second = args.slice(first + 1).findIndex((word) => !word.startsWith('-'));
  return second < 0 ? first : first + 1 + second;
}
