import type { Mirrors } from './catalogue.ts';

/** Where to ask for an address: one place for each list of mirrors, so that documents of one place go together. */
export type Site = (url: string) => string;

/**
 * The places to ask, in order: the first mirror of each list, then the second, and in the end the publisher itself. A
 * list that is shorter than another one is at its publisher earlier.
 */
export function sitesOf(mirrors: Mirrors): readonly Site[] {
  const longest = Math.max(0, ...Object.values(mirrors).map((list) => list.length));
  return Array.from({ length: longest + 1 }, (_, place): Site => (url) => {
    const prefix = longestPrefix(url, Object.keys(mirrors));
    const mirror = prefix === undefined ? undefined : mirrors[prefix]?.[place];
    return prefix === undefined || mirror === undefined ? url : mirror + url.slice(prefix.length);
  });
}

/** All addresses of a file, those of `first` before the others, each once. */
export function addressesOf(url: string, sites: readonly Site[], first: Site): readonly string[] {
  return [...new Set([first, ...sites].map((site) => site(url)))];
}

function longestPrefix(url: string, prefixes: readonly string[]): string | undefined {
  return prefixes
    .filter((prefix) => url.startsWith(prefix))
    .sort((one, other) => other.length - one.length)
    .at(0);
}
