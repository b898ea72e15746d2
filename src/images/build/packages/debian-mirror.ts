import { findProgram } from '../../../process/program.ts';
import { run } from '../../../process/run.ts';
import { plainEnvironment } from '../../../util/system/plain-environment.ts';
import { DEFAULT_MIRRORS, type DebianMirrors } from './debian-release.ts';

const TARGET = '$(ORIGIN)|$(LABEL)|$(REPO_URI)';

/** Returns the mirrors of the host's apt if the host runs Debian, else Debian's own. */
export async function hostMirrors(signal: AbortSignal | undefined): Promise<DebianMirrors> {
  if (findProgram('apt-get') === undefined) return DEFAULT_MIRRORS;
  const argv = ['apt-get', 'indextargets', '--format', TARGET, 'Created-By: Packages'] as const;
  const { stdout } = await run(argv, { environment: plainEnvironment(), signal });
  return mirrorsOf(stdout.toString('utf8'));
}

/** @param targets lines of apt-get indextargets in the format TARGET. */
export function mirrorsOf(targets: string): DebianMirrors {
  const lines = targets.split('\n').map((line) => line.split('|'));
  const of = (wanted: string): string | undefined =>
    lines
      .filter(([origin, label]) => origin === 'Debian' && label === wanted)
      .map(([, , uri]) => uri?.replace(/\/+$/, ''))
      // The new system cannot use other schemes, such as cdrom:.
      .find((uri) => uri !== undefined && /^https?:\/\/[^\s]+$/.test(uri));
  return {
    release: of('Debian') ?? DEFAULT_MIRRORS.release,
    security: of('Debian-Security') ?? DEFAULT_MIRRORS.security,
  };
}
