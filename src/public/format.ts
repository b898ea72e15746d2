/** Formats of sizes, endpoints and words of a command line. */
export { formatBytes } from '../util/format-bytes.ts';
export { formatAddress, formatEndpoint } from '../network/ports/endpoint.ts';
export { quoteForShell } from '../machine/qemu/quote.ts';

/** Formats a date to the minute in UTC, as in `2026-03-01 14:25`. */
export function formatMoment(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}
