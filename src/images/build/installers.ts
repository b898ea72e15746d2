import { InvalidInputError } from '../../errors/index.ts';
import { debian } from './packages/debian-installer.ts';
import { fedora } from './packages/dnf-installer.ts';
import { DNF_DISTRIBUTIONS } from './packages/dnf-release.ts';
import { editDistance, nearest } from '../../util/nearest.ts';
import type { Installer } from './recipe/installer.ts';

/** Letters that are easily mistyped. */
const NEAR = 2;

/** @throws InvalidInputError for a distribution that cannot be built. */
export function installerOf(distribution: string): Installer {
  if (distribution === 'debian') return debian;
  if (DNF_DISTRIBUTIONS.includes(distribution)) return fedora;
  const known = ['debian', ...DNF_DISTRIBUTIONS];
  const [meant = ''] = nearest(distribution, known, 1);
  const question = editDistance(distribution, meant) <= NEAR ? `did you mean ${meant}? ` : '';
  throw new InvalidInputError('distribution', `${distribution} cannot be built from packages`, {
    hint: `${question}these can: ${known.join(', ')}; others can be pulled, and changed by a script: --from IMAGE --run SCRIPT`,
  });
}
