const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['year', 365 * 24 * 3_600_000],
  ['month', 30 * 24 * 3_600_000],
  ['day', 24 * 3_600_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** For example "3 minutes": in the largest unit that fits, rounded down. */
export function formatDuration(ms: number): string {
  const [name, unit] = UNITS.find(([, size]) => ms >= size) ?? ['second', 1_000];
  const count = Math.max(0, Math.floor(ms / unit));
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** For example "3 minutes ago"; "just now" for less than a second or after the clock was set back. */
export function formatAgo(ms: number): string {
  return ms < 1_000 ? 'just now' : `${formatDuration(ms)} ago`;
}

const FLAG_UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** As an option takes it, for example "90m": exact, in the largest unit without a fraction. */
export function formatDurationFlag(ms: number): string {
  const [name, unit] = FLAG_UNITS.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / unit}${name}`;
}
