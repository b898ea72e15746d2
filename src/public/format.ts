/** Formats of sizes and endpoints for people. */
export { formatBytes } from '../images/qemu-img/disk-size.ts';
export { formatEndpoint } from '../network/ports/port.ts';

/** Formats a date to the minute in UTC, as in `2026-03-01 14:25`. */
export function formatMoment(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}
