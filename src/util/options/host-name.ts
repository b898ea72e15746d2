import * as z from 'zod';

/** One label of a host name: for machines, their guests, and other objects named like them. */
export const hostNameSchema = z
  .string()
  .regex(
    /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
    'expected at most 63 letters, digits and hyphens, and no hyphen at either end',
  );
