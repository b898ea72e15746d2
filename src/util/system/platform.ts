/** Returns why vmlet does not run on a host of this kind; undefined if it does. */
export function refusalOf(platform: string, architecture: string): string | undefined {
  if (platform === 'linux' && architecture === 'x64') return undefined;
  return `vmlet requires Linux on x86-64 (linux x64), but this Node.js is for ${platform} ${architecture}`;
}

/**
 * Maximum length in bytes of a unix socket's path: sun_path has 108 and ends with NUL (unix(7)). Node
 * silently truncates a longer one.
 */
export const LONGEST_SOCKET_PATH = 107;
