import { UnsupportedHostError } from '../errors/index.ts';
import { refusalOf } from '../util/platform.ts';

/**
 * npm keeps to `os` and `cpu` of package.json, unless it was forced.
 * @throws UnsupportedHostError
 */
export function requirePlatform(): void {
  const { platform, arch } = process;
  const refusal = refusalOf(platform, arch);
  if (refusal !== undefined) throw new UnsupportedHostError(platform, arch, refusal);
}
