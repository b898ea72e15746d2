import { formatBytes } from '../../public/format.ts';
import { type GivenMount, hasUnusedSize, lookAtMounts } from '../../public/given-mounts.ts';
import { type VolumeFlags, leftToRoot } from '../flags/volume-owner.ts';
import { note } from '../output/say.ts';

/** Says which options of mounts have no effect, before a machine is made. @throws InvalidInputError for an invalid mount. */
export function sayMountNews(flags: VolumeFlags): void {
  const mounts = lookAtMounts(flags);
  for (const mount of mounts.filter(hasUnusedSize)) sayUnusedSize(mount);
  sayWhatIsOfRoot(flags, mounts);
}

function sayUnusedSize({ spec: { source = '', size = '' }, existing }: GivenMount): void {
  const actual = formatBytes(existing?.sizeBytes ?? 0);
  note(`volume "${source}" exists and has ${actual}; size=${size} has no effect`);
}

/** Only a running guest knows which number the user has. Before that, virtiofsd starts for a named machine. */
function sayWhatIsOfRoot(flags: VolumeFlags, mounts: readonly GivenMount[]): void {
  const left = leftToRoot(flags, mounts);
  if (left.length === 0) return;
  note(
    `the files of ${left.join(' and ')} belong to root in the guest, and user ${flags.user ?? ''} may be unable to write there`,
    `${flags.detach ? 'with --detach' : 'for a new volume or tmpfs'}, give the number that the user has in the guest: -u 1000, or uid=1000 after the path`,
  );
}
