import { InvalidInputError } from '../../errors/index.ts';
import { debian } from './packages/debian-installer.ts';
import { fedora } from './packages/dnf-installer.ts';
import { DNF_DISTRIBUTIONS } from './packages/dnf-release.ts';
import type { Installer } from './recipe/installer.ts';

/** @throws InvalidInputError for a distribution that cannot be built. */
export function installerOf(distribution: string): Installer {
  if (distribution === 'debian') return debian;
  if (DNF_DISTRIBUTIONS.includes(distribution)) return fedora;
  throw new InvalidInputError('distribution', `${distribution} cannot be built from packages`, {
    hint: `Of these that can be done: debian, ${DNF_DISTRIBUTIONS.join(', ')}. Others can be pulled, and changed by a script: --from IMAGE --run SCRIPT.`,
  });
}
