import * as z from 'zod';

/** One label of a name: for machines, their guests, and what is named like them. */
export const hostNameSchema = z
  .string()
  .regex(
    /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/,
    'expected letters, digits and inner hyphens, 63 at most',
  );
