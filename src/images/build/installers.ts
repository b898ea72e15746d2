import { InvalidInputError } from '../../errors.ts';
import { debian } from './debian-installer.ts';
import { fedora } from './dnf-installer.ts';
import { DNF_DISTRIBUTIONS } from './dnf-release.ts';
import type { Installer } from './installer.ts';

/** @throws InvalidInputError for a distribution that cannot be built. */
export function installerOf(distribution: string): Installer {
  if (distribution === 'debian') return debian;
  if (DNF_DISTRIBUTIONS.includes(distribution)) return fedora;
  throw new InvalidInputError('distribution', `${distribution} cannot be built from packages`, {
    hint: `Of these that can be done: debian, ${DNF_DISTRIBUTIONS.join(', ')}. Others can be pulled, and changed by a script: --from IMAGE --run SCRIPT.`,
  });
}
