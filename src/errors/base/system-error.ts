/** True for errors of Node's own calls, which have the name of an errno in `code`. */
export function isSystemError(error: unknown, ...codes: string[]): error is NodeJS.ErrnoException {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return codes.length === 0 ? 'syscall' in error : codes.includes(error.code);
}
