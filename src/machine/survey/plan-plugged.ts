import { InvalidInputError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import type { Plan } from '../plan/plan.ts';
import { backingChain } from '../qemu/block-node.ts';
import { longestFileOf, qemuLayers } from '../qemu/qemu-confinement.ts';
import type { FoundDisk, FoundMounts } from './found-spec.ts';
import { planPluggedDisks } from './plan-disks.ts';
import { planShares } from './plan-shares.ts';
import { planVolumes, readOnlyVolumes } from './plan-volumes.ts';

/** Devices of a guest that were not there when its state was saved, and what is mounted after that. */
export interface Plugged {
  readonly mounts: Pick<FoundMounts, 'shares' | 'volumes' | 'tmpfs'>;
  readonly disks: readonly FoundDisk[];
  /** Number of the first ports, which stay empty. */
  readonly emptyPorts: number;
}

/**
 * Adds devices that are plugged in while the guest runs, each into an empty port: saved state contains no device that is
 * another process.
 * @param sized disks with the sizes that the plan's disks were created with.
 * @throws InvalidInputError when there are more devices than ports.
 */
export function withPlugged(
  plan: Plan,
  { mounts, disks, emptyPorts }: Plugged,
  host: Host,
  sized: Plan['disks'] = plan.disks,
): Plan {
  const { rootPorts, seed, directory, network, wiring, memoryBytes, readOnlyFiles } = plan;
  const { shares: foundShares, volumes: foundVolumes, tmpfs } = mounts;
  const ports = rootPorts.filter((port) => port !== seed?.bus).slice(emptyPorts);
  requirePorts(foundShares.length + foundVolumes.length + disks.length, ports.length);
  const shares = planShares(foundShares, host, (tag) => directory.shareSocket(tag), ports);
  const volumes = planVolumes(foundVolumes, ports.slice(shares.length));
  const first = plan.disks.length;
  const plugged = planPluggedDisks(disks, first, directory, ports.slice(shares.length + volumes.length));
  const all = [...plan.disks, ...plugged];
  const longestFile = longestFileOf([...sized, ...plugged], volumes, memoryBytes);
  return {
    ...plan,
    layers: qemuLayers({ network, shares, wiring, longestFile }, host),
    disks: all,
    shares,
    volumes,
    tmpfs,
    readOnlyFiles: [
      ...new Set([
        ...readOnlyFiles,
        ...readOnlyVolumes(volumes),
        ...all.flatMap((disk) => backingChain(disk).map(({ path }) => path)),
        ...plugged.filter(({ readOnly }) => readOnly).map(({ path }) => path),
      ]),
    ],
  };
}

function requirePorts(wanted: number, ports: number): void {
  if (wanted <= ports) return;
  throw new InvalidInputError(
    'volumes',
    `too many directories, volumes and disks: ${wanted}; forks of this template can have at most ${ports}`,
    {
      hint:
        ports === 0
          ? 'create the template again: an earlier release of vmlet created it without PCI slots for these devices'
          : 'share one parent directory instead of several directories, or leave out volumes or disks',
    },
  );
}
