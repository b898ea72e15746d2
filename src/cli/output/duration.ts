const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['year', 365 * 24 * 3_600_000],
  ['month', 30 * 24 * 3_600_000],
  ['day', 24 * 3_600_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
];

/** "3 minutes", in the largest unit of which it has one, rounded down. */
export function formatDuration(ms: number): string {
  const [name, unit] = UNITS.find(([, size]) => ms >= size) ?? ['second', 1_000];
  const count = Math.max(0, Math.floor(ms / unit));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** "3 minutes ago", and "just now" for less than a second and for a clock that was set back. */
export function formatAgo(ms: number): string {
  return ms < 1_000 ? 'just now' : `${formatDuration(ms)} ago`;
}
