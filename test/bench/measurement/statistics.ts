/** Fewer values have no interval of 95 %. */
const LEAST_FOR_INTERVAL = 6;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** The median with the first and third quartile, which show the noise of the host; all in one unit. */
export function describeTimes(values: readonly number[], unit = 'ms'): string {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
  const digits = median(values) < 10 ? 1 : 0;
  return `${median(values).toFixed(digits)} ${unit} (half of them ${at(0.25).toFixed(digits)} to ${at(0.75).toFixed(digits)}, least ${at(0).toFixed(digits)})`;
}

/**
 * The interval that contains the true median in at least 95 % of all runs, whatever the distribution: of 20 values,
 * the 6th to the 15th. Fewer than six values have none, so their whole range is returned.
 */
export function medianInterval(values: readonly number[]): [low: number, high: number] {
  const sorted = [...values].sort((one, other) => one - other);
  const count = sorted.length;
  // The probability that at most `rank` values are below the median.
  let probability = 0;
  let term = 0.5 ** count;
  let rank = 0;
  for (; probability + term <= 0.025; rank++) {
    probability += term;
    term *= (count - rank) / (rank + 1);
  }
  const low = Math.max(rank - 1, 0);
  return [sorted[low] ?? NaN, sorted[count - 1 - low] ?? NaN];
}

/** The median of the ratios of each round, with its interval, or with their range where they are too few for one. */
export function describeRatios(ones: readonly number[], others: readonly number[]): string {
  const ratios = ones.map((one, round) => one / (others[round] ?? NaN));
  const [low, high] = medianInterval(ratios).map((ratio) => ratio.toFixed(2));
  const what = ratios.length < LEAST_FOR_INTERVAL ? 'range' : '95 %';
  return `${median(ratios).toFixed(2)} (${what}: ${low} to ${high})`;
}
