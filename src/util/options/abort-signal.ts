import * as z from 'zod';

/** Also one of another realm, such as that of jsdom in a test. */
export const abortSignalSchema = z.custom<AbortSignal>(
  (value) => typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value,
  'expected an AbortSignal',
);
