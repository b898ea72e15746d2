/** How sizes and endpoints are written for people. */
export { formatBytes } from '../images/qemu-img/disk-size.ts';
export { formatEndpoint } from '../network/ports/port.ts';

/** To the minute, as in `2026-03-01 14:25`, in UTC. */
export function formatMoment(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}
