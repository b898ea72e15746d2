import type { Host } from '../../host/survey/host.ts';
import type { Locations } from '../paths/locations.ts';
import type { MountSet } from '../share/mount-set.ts';
import { findShare, findShares } from './find-shares.ts';
import type { FoundMounts } from './found-spec.ts';
import { findVolumes } from './plan-volumes.ts';

/** @throws InvalidInputError for a directory that is missing, SharesUnavailableError. */
export function findMounts(
  { shares, volumes, tmpfs }: MountSet,
  host: Host,
  locations: Locations,
): FoundMounts {
  return {
    shares: findShares(
      shares.filter(({ copy }) => !copy),
      host,
    ),
    copies: shares.filter(({ copy }) => copy).map((share) => findShare(share)),
    volumes: findVolumes(locations, volumes),
    tmpfs,
  };
}
