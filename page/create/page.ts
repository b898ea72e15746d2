import { lazily } from '../parts/lazily.tsx';

/** The form is loaded when it is opened. */
export const Create = lazily(async () => (await import('./create.tsx')).Create);
