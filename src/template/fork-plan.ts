import { join } from 'node:path';
import { InvalidInputError } from '../errors/index.ts';
import type { Host } from '../host/survey/host.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { backingChain } from '../machine/qemu/block-node.ts';
import { longestFileOf, qemuLayers } from '../machine/qemu/confinement.ts';
import type { FoundDisk, FoundMounts } from '../machine/survey/found-spec.ts';
import { planPluggedDisks } from '../machine/survey/plan-disks.ts';
import { planShares } from '../machine/survey/plan-shares.ts';
import { planVolumes, readOnlyVolumes } from '../machine/survey/plan-volumes.ts';
import type { MachineDirectory } from '../machine/paths/directory.ts';
import type { DiskPlan, MemoryPlan, Plan } from '../machine/plan/plan.ts';
import type { TemplateFiles } from './template-files.ts';
import type { TemplateRecord } from './template-record.ts';

export interface ForkInputs {
  readonly name: string;
  readonly host: Host;
  readonly network: BoundNetworkPlan | undefined;
  readonly directory: MachineDirectory;
  readonly wiring: Plan['wiring'];
  readonly mounts: FoundMounts;
  /** Disks that the template does not have. */
  readonly disks: readonly FoundDisk[];
  /** Resource limits of its QEMU. */
  readonly cgroup: Plan['cgroup'];
  /** Number of the first ports, which stay empty. */
  readonly emptyPorts: number;
}

/** Plans a fork: the template's hardware, with copies of its memory and overlays of its disks. */
export function planFork(record: TemplateRecord, files: TemplateFiles, inputs: ForkInputs): Plan {
  const { plan, opensReadOnly } = record;
  const { name, host, network, directory, wiring, mounts } = inputs;
  const { shares, volumes, plugged } = planPlugged(plan, inputs);
  const disks = [...plan.disks.map((disk) => layerOn(disk, directory)), ...plugged];
  const { firmware } = plan;
  return {
    ...plan,
    name,
    cgroup: inputs.cgroup,
    layers: qemuLayers(
      {
        network,
        shares,
        wiring,
        longestFile: longestFileOf([...plan.disks, ...plugged], volumes, plan.memoryBytes),
      },
      host,
    ),
    network,
    // Its disks are configured for the template's network card.
    macAtBoot: plan.boot.kind === 'disk' ? (plan.macAtBoot ?? plan.network?.guest.mac) : undefined,
    directory,
    disks,
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    shares,
    volumes,
    tmpfs: mounts.tmpfs,
    memory: memoryOf(record, files, directory, shares.length > 0),
    incoming: true,
    startPaused: true,
    wiring,
    guest: { ...plan.guest, hostname: name },
    readOnlyFiles: [
      ...new Set([
        ...plan.readOnlyFiles,
        files.state,
        ...(opensReadOnly && shares.length === 0 ? [files.memory] : []),
        ...readOnlyVolumes(volumes),
        ...(plan.seed ? [plan.seed.path] : []),
        ...(plan.boot.kind === 'kernel' && plan.boot.initrdPath !== undefined ? [plan.boot.initrdPath] : []),
        ...disks.flatMap((disk) => backingChain(disk).map(({ path }) => path)),
        ...plugged.filter(({ readOnly }) => readOnly).map(({ path }) => path),
      ]),
    ],
  };
}

/** Each gets an empty port of the template: saved state contains no device that is another process. */
function planPlugged({ rootPorts, seed, disks: own }: Plan, inputs: ForkInputs) {
  const { host, directory, mounts, disks, emptyPorts } = inputs;
  const { shares, volumes } = mounts;
  const ports = rootPorts.filter((port) => port !== seed?.bus).slice(emptyPorts);
  requirePorts(shares.length + volumes.length + disks.length, ports.length);
  return {
    shares: planShares(shares, host, (tag) => directory.shareSocket(tag), ports),
    volumes: planVolumes(volumes, ports.slice(shares.length)),
    plugged: planPluggedDisks(disks, own.length, directory, ports.slice(shares.length + volumes.length)),
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

/**
 * virtiofsd works in the guest's memory. What a QEMU writes to a private mapping, virtiofsd does not see, and the guest
 * would hang at its first access, without any error.
 */
function memoryOf(
  { opensReadOnly }: TemplateRecord,
  files: TemplateFiles,
  { storage }: MachineDirectory,
  isShared: boolean,
): MemoryPlan {
  const own = join(storage, 'memory');
  if (isShared) return { kind: 'copy', path: own };
  // A QEMU that opens the file for writing could change what other forks start from.
  return { kind: 'copy-on-write', path: opensReadOnly ? files.memory : own, opensReadOnly };
}

/** Lists the files that a fork writes to, as copies to make. For a disk that is its empty overlay. */
export function writableCopies(
  { disks, firmware, memory }: Plan,
  files: TemplateFiles,
  origin: Plan,
): (readonly [from: string, to: string])[] {
  const copies = disks
    .filter(({ readOnly, isPlugged = false }) => !readOnly && !isPlugged)
    .map(({ nodeName, path }): [string, string] => [files.overlay(nodeName), path]);
  if (firmware && origin.firmware) copies.push([origin.firmware.variablesPath, firmware.variablesPath]);
  if (memory.kind === 'copy' || (memory.kind === 'copy-on-write' && !memory.opensReadOnly))
    copies.push([files.memory, memory.path]);
  return copies;
}

function layerOn(disk: DiskPlan, directory: MachineDirectory): DiskPlan {
  if (disk.readOnly) return disk;
  const { path, format, backing } = disk;
  return {
    ...disk,
    path: directory.disk(disk.nodeName),
    format: 'qcow2',
    backing: { path, format, backing },
    createBytes: undefined,
  };
}
