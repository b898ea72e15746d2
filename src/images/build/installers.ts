import { InvalidInputError } from '../../errors/index.ts';
import { debian } from './packages/debian-installer.ts';
import { fedora } from './packages/dnf-installer.ts';
import { DNF_DISTRIBUTIONS } from './packages/dnf-release.ts';
import { editDistance, nearest } from '../../util/options/nearest.ts';
import type { Installer } from './recipe/package-installer.ts';

/** Edits that count as a typing mistake. */
const NEAR = 2;

/** Returns the installer of a distribution. @throws InvalidInputError for a distribution that cannot be built. */
export function installerOf(distribution: string): Installer {
  if (distribution === 'debian') return debian;
  if (DNF_DISTRIBUTIONS.includes(distribution)) return fedora;
  const known = ['debian', ...DNF_DISTRIBUTIONS];
  const [meant = ''] = nearest(distribution, known, 1);
  const question = editDistance(distribution, meant) <= NEAR ? `did you mean ${meant}? ` : '';
  throw new InvalidInputError('distribution', `cannot build ${distribution} from packages`, {
    hint: `${question}use one of ${known.join(', ')}; for other distributions, pull an image and customize it: vmlet image build --from IMAGE --run SCRIPT`,
  });
}
