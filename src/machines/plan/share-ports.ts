import { sharePort } from '../../machine/qemu/root-port.ts';
import { MOST_DEVICES } from '../../machine/share/mount-set.ts';
import type { SharePlan } from '../../machine/share/share-plan.ts';
import type { StoredShare } from '../spec/machine-spec.ts';
import { shareTags, withTags } from '../spec/stored-mounts.ts';

/** Spare ports for directories that are added while the machine is running. */
const SPARE_PORTS = 4;

/** Directories need memory that their virtiofsd shares, which only a machine with directories has. */
export function sharePorts(shares: readonly StoredShare[]): string[] {
  if (shares.length === 0) return [];
  const highest = Math.max(...withTags(shares).map(({ tag }) => shareTags().indexOf(tag)));
  return shareTags(Math.min(highest + 1 + SPARE_PORTS, MOST_DEVICES)).map(sharePort);
}

/** Memory of an earlier release has its shares on the root bus. */
export function placeShare(share: SharePlan, ports: readonly string[]): SharePlan {
  const port = sharePort(share.tag);
  return ports.includes(port) ? { ...share, bus: port } : share;
}
