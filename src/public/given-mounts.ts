import {
  type GivenMount,
  type MountTexts,
  lookAtMounts as lookAtMountsIn,
} from '../machine/volume/given-mounts.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';

/** The mounts of a command line, and the volumes of them that exist. */
export { type GivenMount, hasUnusedSize } from '../machine/volume/given-mounts.ts';
export { typeOf } from '../machine/mount/volume-spec.ts';

/** @throws InvalidInputError for an invalid mount. */
export function lookAtMounts(texts: MountTexts): GivenMount[] {
  return lookAtMountsIn(texts, ownLocations(process.env));
}
