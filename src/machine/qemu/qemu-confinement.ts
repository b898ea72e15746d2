import { confineQemu, resolverOf } from '../../host/confined-programs.ts';
import type { Host } from '../../host/survey/host.ts';
import { confine } from '../../process/confine/confine.ts';
import { type Connects, type Layers, layersOf } from '../../process/confine/layers.ts';
import type { DiskPlan, Plan, VolumePlan } from '../plan/plan.ts';

/**
 * Returns the connections that a machine's QEMU has to make.
 * @param reachesHelpers whether it reaches sockets of helpers by a path.
 */
export function connectsOf(
  network: Plan['network'],
  wiring: Pick<Plan['wiring'], 'network'>,
  reachesHelpers = false,
): Connects {
  if (network?.backend === 'slirp') return 'anywhere';
  const inherits =
    network === undefined || (network.backend === 'passt-stream' && wiring.network.descriptor !== undefined);
  return inherits && !reachesHelpers ? 'nowhere' : 'by-path';
}

/** Resources that a machine's QEMU needs to reach and to write. */
export interface QemuReach {
  readonly network: Plan['network'];
  readonly shares: Plan['shares'];
  readonly wiring: Pick<Plan['wiring'], 'network'>;
  /** Other sockets that it connects to: that of swtpm, and those of a named machine's cards in private networks. */
  readonly sockets?: readonly string[];
  /** See `longestFileOf`; undefined for no limit. */
  readonly longestFile: number | undefined;
}

/** Returns the confinement layers of a machine's QEMU on this host. */
export function qemuLayers(
  { network, shares, wiring, sockets = [], longestFile }: QemuReach,
  host: Host,
): Layers {
  const connects = connectsOf(network, wiring, sockets.length + shares.length > 0);
  return layersOf({ connects, longestFile }, host.confinement);
}

/** Room for other files: firmware variables, screenshots, device state. */
const BESIDE_BYTES = 256 * 1024 ** 2;

/**
 * Returns the maximum size of a file that QEMU writes for a machine without snapshots. A fully allocated
 * qcow2 has 10 bytes of tables per 64 KiB cluster, a 6500th of the disk; memory written to a file has 8 bytes
 * per page, a 512th. An allowance of a 64th exceeds both.
 */
export function longestFileOf(
  disks: readonly Pick<DiskPlan, 'createBytes'>[],
  volumes: readonly Pick<VolumePlan, 'sizeBytes'>[],
  memoryBytes: number,
): number {
  const largest = Math.max(
    memoryBytes,
    ...disks.map(({ createBytes = 0 }) => createBytes),
    ...volumes.map(({ sizeBytes }) => sizeBytes),
  );
  return largest + Math.ceil(largest / 64) + BESIDE_BYTES;
}

/** Returns the options of vmlet-confine for the machine's QEMU. */
export function qemuConfinement(plan: Plan, host: Host): string[] {
  const confinement = confineQemu(host.qemu, {
    readOnly: plan.readOnlyFiles,
    readWrite: writtenElsewhere(plan),
    own: [plan.directory.sockets, plan.directory.storage],
    kvm: plan.accelerator.kind === 'kvm',
    resolver: plan.network?.backend === 'slirp' ? resolverOf(plan.layers) : [],
  });
  return confine(confinement, plan.layers);
}

/** The files outside of its own directories that the machine may write to. */
function writtenElsewhere({ disks, volumes, memory, directory }: Plan): string[] {
  return [
    ...[...disks, ...volumes.map(({ disk }) => disk)]
      .filter(({ readOnly }) => !readOnly)
      .map(({ path }) => path),
    ...(memory.kind === 'file' ? [memory.path] : []),
  ].filter((path) => !path.startsWith(`${directory.storage}/`));
}
