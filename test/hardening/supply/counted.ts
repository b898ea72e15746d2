import type { Count, Findings } from '../section.ts';

/** One row for these items, and a fault for each for which `problem` returns an error. */
export function counted<T>(
  what: string,
  items: readonly T[],
  problem: (item: T) => string | undefined,
  more: Pick<Count, 'kind' | 'note'> = {},
): Findings {
  const faults = items.map(problem).filter((text) => text !== undefined);
  return { counts: [{ what, tried: items.length, held: items.length - faults.length, ...more }], faults };
}
