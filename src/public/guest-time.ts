/** How long to wait for work of a guest by default. */
export { guestTime } from '../machine/spec/guest-time.ts';
