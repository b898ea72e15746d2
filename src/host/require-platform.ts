import { UnsupportedHostError } from '../errors/index.ts';
import { refusalOf } from '../util/system/platform.ts';

/**
 * Rejects an unsupported platform. npm checks `os` and `cpu` of package.json, unless forced.
 * @throws UnsupportedHostError
 */
export function requirePlatform(): void {
  const { platform, arch } = process;
  const refusal = refusalOf(platform, arch);
  if (refusal !== undefined) throw new UnsupportedHostError(platform, arch, refusal);
}
