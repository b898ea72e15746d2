import type { Layer } from './case.ts';

/** What each layer stops by itself, whatever the others do. */
const PROMISES: Readonly<Record<Layer, readonly string[]>> = {
  landlock: [],
  namespaces: [],
  seccomp: [],
};

export function promisedBy(without: readonly Layer[]): Set<string> {
  const layers = (Object.keys(PROMISES) as Layer[]).filter((layer) => !without.includes(layer));
  return new Set(layers.flatMap((layer) => PROMISES[layer]));
}
