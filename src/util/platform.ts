/** Why vmlet does not run on a host of this kind, in a sentence with what it runs on; undefined where it does. */
export function refusalOf(platform: string, architecture: string): string | undefined {
  if (platform === 'linux' && architecture === 'x64') return undefined;
  return `vmlet runs on Linux on x86-64 (linux x64), and this Node is for ${platform} ${architecture}`;
}
