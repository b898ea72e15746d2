/** How sizes and endpoints are written for people. */
export { formatBytes } from './images/disk-size.ts';
export { formatMoment } from './util/moment.ts';
export { formatEndpoint } from './passt/port.ts';
