/**
 * Returns a base directory of the XDG specification, which says that relative paths are invalid and must be ignored.
 * @param fallback used when the variable is unset or invalid.
 */
export function xdgDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  variable: string,
  fallback: string,
): string {
  const value = environment[variable];
  return value?.startsWith('/') ? value : fallback;
}
