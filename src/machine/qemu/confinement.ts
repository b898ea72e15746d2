import { confineQemu, resolverOf } from '../../host/confinement.ts';
import type { Host } from '../../host/survey/host.ts';
import { confine } from '../../process/confine/confine.ts';
import { type Connects, type Layers, layersOf } from '../../process/confine/layers.ts';
import type { DiskPlan, Plan } from '../plan/plan.ts';

/**
 * To whom a machine's QEMU has to connect.
 * @param tpmSocket where swtpm is, which it reaches by a path.
 */
export function connectsOf(
  network: Plan['network'],
  wiring: Pick<Plan['wiring'], 'network'>,
  tpmSocket?: string,
): Connects {
  if (network?.backend === 'slirp') return 'anywhere';
  const inherits =
    network === undefined || (network.backend === 'passt-stream' && wiring.network.descriptor !== undefined);
  return inherits && tpmSocket === undefined ? 'nowhere' : 'by-path';
}

/** What a machine's QEMU is to reach, and to write. */
export interface QemuReach {
  readonly network: Plan['network'];
  readonly wiring: Pick<Plan['wiring'], 'network'>;
  /** Where swtpm is, for a machine with a TPM. */
  readonly tpmSocket?: string | undefined;
  /** See `longestFileOf`; undefined for no limit. */
  readonly longestFile: number | undefined;
}

/** The layers around a machine's QEMU on this host. */
export function qemuLayers({ network, wiring, tpmSocket, longestFile }: QemuReach, host: Host): Layers {
  const connects = connectsOf(network, wiring, tpmSocket);
  return layersOf({ connects, longestFile }, host.confinement);
}

/** Tables, and what there is beside: firmware variables, a picture of the screen, the state of devices. */
const BESIDE_BYTES = 256 * 1024 ** 2;

/**
 * How long a file gets at most that is written for a machine without snapshots. A qcow2 whose every cluster (64 KiB) is
 * in use has 10 bytes of tables for each, a 6500th of the disk; memory that is written to a file has 8 bytes for each
 * page, a 512th. A 64th more than either is never met.
 */
export function longestFileOf(disks: readonly Pick<DiskPlan, 'createBytes'>[], memoryBytes: number): number {
  const largest = Math.max(memoryBytes, ...disks.map(({ createBytes = 0 }) => createBytes));
  return largest + Math.ceil(largest / 64) + BESIDE_BYTES;
}

/** Options for vmlet-confine, of which the machine's QEMU comes. */
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

/** A user's own file that the machine was given to write into. */
function writtenElsewhere({ disks, directory }: Plan): string[] {
  return disks
    .filter(({ readOnly, path }) => !readOnly && !path.startsWith(`${directory.storage}/`))
    .map(({ path }) => path);
}
