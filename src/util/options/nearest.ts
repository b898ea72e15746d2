/** Returns the candidates most similar to `word`, nearest first, by edit distance. */
export function nearest(word: string, candidates: Iterable<string>, count: number): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((one, other) => one.distance - other.distance)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}

/**
 * Returns the minimum number of characters to insert, remove, replace or swap with the next one (optimal
 * string alignment).
 */
export function editDistance(one: string, other: string): number {
  const from = Array.from(one);
  const to = Array.from(other);
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  const distance = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column++) {
      const replaced = distance(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const removed = distance(row - 1, column) + 1;
      const inserted = distance(row, column - 1) + 1;
      // Neither holds in the first row or column: there is no character before the first.
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwapped ? distance(row - 2, column - 2) + 1 : Infinity;
      current.push(Math.min(replaced, removed, inserted, swapped));
    }
  }
  return distance(from.length, to.length);
}
