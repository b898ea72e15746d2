import { join } from 'node:path';
import type { Host } from '../host/survey/host.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { type Plugged, withPlugged } from '../machine/survey/plan-plugged.ts';
import type { MachineDirectory } from '../machine/paths/directory.ts';
import type { HostSystemShare } from '../machine/share/host-system.ts';
import type { BootPlan, DiskPlan, MemoryPlan, Plan } from '../machine/plan/plan.ts';
import type { TemplateFiles } from './template-files.ts';
import type { TemplateRecord } from './template-record.ts';

/** Where a fork has files of its own, with which its guest can be saved as another template. */
export interface OwnFiles {
  /** An empty directory for everything but the memory. */
  readonly storage: string;
  readonly memoryFile: string;
}

export interface ForkInputs extends Plugged {
  readonly name: string;
  readonly host: Host;
  readonly network: BoundNetworkPlan | undefined;
  readonly directory: MachineDirectory;
  readonly wiring: Plan['wiring'];
  /** Resource limits of its QEMU. */
  readonly cgroup: Plan['cgroup'];
  readonly hostSystem: HostSystemShare | undefined;
  /** Undefined for a fork that needs the files of its template while it runs. */
  readonly own?: OwnFiles | undefined;
}

/** Plans a fork: the template's hardware, with copies of its memory and overlays of its disks. */
export function planFork(record: TemplateRecord, files: TemplateFiles, inputs: ForkInputs): Plan {
  const { plan, opensReadOnly } = record;
  const { name, host, network, directory, wiring, hostSystem, own } = inputs;
  const shares = [...(hostSystem ? [hostSystem.share] : []), ...inputs.mounts.shares];
  const mounts = { ...inputs.mounts, shares };
  const sharesMemory = shares.length > 0;
  const { firmware } = plan;
  const boot = own ? bootIn(plan.boot, directory) : plan.boot;
  const seed = own && plan.seed ? { ...plan.seed, path: directory.seed } : plan.seed;
  const fork: Plan = {
    ...plan,
    name,
    cgroup: inputs.cgroup,
    network,
    // Its disks are configured for the template's network card.
    macAtBoot: plan.boot.kind === 'disk' ? (plan.macAtBoot ?? plan.network?.guest.mac) : undefined,
    directory,
    boot,
    disks: plan.disks.map((disk) => (own ? copyOf(disk, directory) : layerOn(disk, directory))),
    seed,
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    memory: own ? { kind: 'file', path: own.memoryFile } : memoryOf(record, files, directory, sharesMemory),
    incoming: true,
    startPaused: true,
    wiring,
    guest: { ...plan.guest, hostname: name, directory: hostSystem?.workdir },
    readOnlyFiles: [
      ...plan.readOnlyFiles,
      files.state,
      ...(opensReadOnly && !sharesMemory && !own ? [files.memory] : []),
      ...(seed ? [seed.path] : []),
      ...(boot.kind === 'kernel' && boot.initrdPath !== undefined ? [boot.initrdPath] : []),
    ],
  };
  return withPlugged(fork, { ...inputs, mounts }, host, plan.disks);
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

type FileCopy = readonly [from: string, to: string];

/** Lists the files that a fork has for itself, as copies to make. For a disk that is usually its empty overlay. */
export function copiesFor(plan: Plan, files: TemplateFiles, origin: Plan): FileCopy[] {
  const { memory, firmware } = plan;
  if (memory.kind === 'file') return [...copiesOfFiles(origin, plan), [files.memory, memory.path]];
  const copies = writtenDisks(plan).map(({ nodeName, path }): FileCopy => [files.overlay(nodeName), path]);
  if (firmware && origin.firmware) copies.push([origin.firmware.variablesPath, firmware.variablesPath]);
  if (memory.kind === 'copy' || (memory.kind === 'copy-on-write' && !memory.opensReadOnly))
    copies.push([files.memory, memory.path]);
  return copies;
}

/**
 * Lists the files that vmlet made for one plan, and their places in another plan of the same guest. A saved guest does
 * not read those of its boot again, but QEMU opens them.
 */
export function copiesOfFiles(from: Plan, to: Plan): FileCopy[] {
  const pairs = [
    ...writtenDisks(to).map(
      ({ nodeName, path }) => [from.disks.find((disk) => disk.nodeName === nodeName)?.path, path] as const,
    ),
    [from.firmware?.variablesPath, to.firmware?.variablesPath] as const,
    [initrdOf(from.boot), initrdOf(to.boot)] as const,
    [from.seed?.path, to.seed?.path] as const,
  ];
  return pairs.flatMap(([one, other]) =>
    one === undefined || other === undefined || one === other ? [] : [[one, other] as const],
  );
}

/** The disks that the guest writes to and had when it was saved. */
export function writtenDisks({ disks }: Pick<Plan, 'disks'>): DiskPlan[] {
  return disks.filter(({ readOnly, isPlugged = false }) => !readOnly && !isPlugged);
}

/** The files that a template cannot do without: all that its forks copy or open. */
export function persistentFiles(files: TemplateFiles, plan: Plan): string[] {
  const { boot, firmware, seed } = plan;
  return [
    files.memory,
    files.state,
    ...writtenDisks(plan).flatMap(({ nodeName, path }) => [path, files.overlay(nodeName)]),
    firmware?.variablesPath,
    seed?.path,
    isInitrdMade(boot) ? boot.initrdPath : undefined,
  ].filter((path) => path !== undefined);
}

function initrdOf(boot: BootPlan): string | undefined {
  return boot.kind === 'kernel' ? boot.initrdPath : undefined;
}

function bootIn(boot: BootPlan, directory: MachineDirectory): BootPlan {
  return isInitrdMade(boot) ? { ...boot, initrdPath: directory.initrd } : boot;
}

/** Whether vmlet has extended a user's initramfs. */
function isInitrdMade(boot: BootPlan): boot is Extract<BootPlan, { kind: 'kernel' }> {
  return boot.kind === 'kernel' && boot.initrdBase !== undefined;
}

/** A copy, not a layer: whatever becomes of the template's disk, this one remains whole. */
function copyOf(disk: DiskPlan, directory: MachineDirectory): DiskPlan {
  return disk.readOnly ? disk : { ...disk, path: directory.disk(disk.nodeName) };
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
