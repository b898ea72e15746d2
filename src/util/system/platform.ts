/** Returns why vmlet does not run on a host of this kind; undefined if it does. */
export function refusalOf(platform: string, architecture: string): string | undefined {
  if (platform === 'linux' && architecture === 'x64') return undefined;
  return `vmlet requires Linux on x86-64 (linux x64), but this Node.js is for ${platform} ${architecture}`;
}
