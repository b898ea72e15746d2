/** The host's directories as `image: 'host'` shows them to a guest. */
export { whyHidden } from '../machine/survey/find-host-system.ts';
