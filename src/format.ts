/** How sizes and endpoints are written for people. */
export { formatBytes } from './images/qemu-img/disk-size.ts';
export { formatMoment } from './util/time/moment.ts';
export { formatEndpoint } from './network/ports/port.ts';
