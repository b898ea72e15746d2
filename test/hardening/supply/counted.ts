import type { Findings } from '../section.ts';

/** One row for these items, and a fault for each for which `problem` returns an error. */
export function counted<T>(
  what: string,
  items: readonly T[],
  problem: (item: T) => string | undefined,
  note?: string,
): Findings {
  const faults = items.map(problem).filter((text) => text !== undefined);
  const count = { what, tried: items.length, held: items.length - faults.length };
  return { counts: [note === undefined ? count : { ...count, note }], faults };
}
