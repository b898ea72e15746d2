/** The name of vmlet's own image, which no other may have. */
export const MICRO = 'micro';
