import type { Mirrors } from './catalogue.ts';

/** Maps URLs to one choice of mirrors, so that all documents of an image come from the same place. */
export type Site = (url: string) => string;

/**
 * Returns the sites to try, in order: the first mirror of each list, then the second, and finally the publisher. A
 * shorter list reaches its publisher earlier.
 */
export function sitesOf(mirrors: Mirrors): readonly Site[] {
  const longest = Math.max(0, ...Object.values(mirrors).map((list) => list.length));
  return Array.from({ length: longest + 1 }, (_, place): Site => (url) => {
    const prefix = longestPrefix(url, Object.keys(mirrors));
    const mirror = prefix === undefined ? undefined : mirrors[prefix]?.[place];
    return prefix === undefined || mirror === undefined ? url : mirror + url.slice(prefix.length);
  });
}

/** Returns all URLs of a file without duplicates, that of `first` first. */
export function addressesOf(url: string, sites: readonly Site[], first: Site): readonly string[] {
  return [...new Set([first, ...sites].map((site) => site(url)))];
}

function longestPrefix(url: string, prefixes: readonly string[]): string | undefined {
  return prefixes
    .filter((prefix) => url.startsWith(prefix))
    .sort((one, other) => other.length - one.length)
    .at(0);
}
