/** Paths of the files that only compute, from the project's root. */
export const pureFiles: readonly string[];
