import { isAbsolute, join } from 'node:path';
import type { Accelerator } from '../../host/kvm/accelerator.ts';
import type { Host } from '../../host/survey/host.ts';
import { hasMonitorObjects } from '../../host/programs/qmp-monitor.ts';
import { backingChain } from '../../machine/qemu/block-node.ts';
import { SEED_PORT, portNumber, rootPort, rootPorts } from '../../machine/qemu/root-port.ts';
import { board, cpuModel, fullBoard, guestModules, optionalModules } from '../../machine/plan/board.ts';
import { qemuLayers } from '../../machine/qemu/qemu-confinement.ts';
import type { CdromPlan, NamedPlan, PrivateCardPlan } from '../../machine/plan/named-plan.ts';
import { planShares } from '../../machine/survey/plan-shares.ts';
import { findVolumes, planVolumes, readOnlyVolumes } from '../../machine/survey/plan-volumes.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import type { BootSource } from '../../machine/survey/found-spec.ts';
import type { BootPlan, DiskPlan } from '../../machine/plan/plan.ts';
import { USUAL_MTU } from '../../network/card/network-card.ts';
import { type BoundNetworkPlan, withMac } from '../../network/plan/network.ts';
import { relayLayers } from '../../network/relay/relay-argv.ts';
import { type BridgeMtus, bridgeCardId } from '../../machine/qemu/bridge-card.ts';
import { reconnectionOf } from '../../network/card/qemu-network.ts';
import { cardPorts } from './card-ports.ts';
import { findDirectories } from './host-directories.ts';
import type { Definition } from '../record/definition.ts';
import { type MachineFiles, shareSocket } from '../record/machine-files.ts';
import { bridgeCards } from '../spec/bridge-cards.ts';
import type { MachineSpec, StoredDisk } from '../spec/machine-spec.ts';
import { settingsOf } from '../spec/pending-changes.ts';
import { tmpfsOf, volumesOf } from '../spec/stored-mounts.ts';
import { placeShare, sharePorts } from './share-ports.ts';

/** The keeper's descriptors in QEMU: events, console, the agent's port, and the first of the bridges' tap devices. */
const EVENTS_DESCRIPTOR = 3;
const CONSOLE_DESCRIPTOR = 4;
const AGENT_DESCRIPTOR = 5;
const TAP_DESCRIPTOR = 6;
/** Spare ports for disks that are added while the machine is running. */
export const SPARE_ROOT_PORTS = 4;
/** Boot indices, each used once; QEMU itself uses 0 for a kernel given to it. */
const FIRST_DISK = 1;
/** Higher than any index of disks that are added later. */
const FIRST_CDROM = 100;

export interface MachinePlanInputs {
  readonly locations: Locations;
  readonly spec: MachineSpec;
  readonly files: MachineFiles;
  readonly host: Host;
  readonly accelerator: Accelerator;
  readonly cgroup: NamedPlan['cgroup'];
  /** An image or a kernel to boot; undefined when the firmware finds it. */
  readonly source: Extract<BootSource, { kind: 'kernel' }> | undefined;
  readonly network: BoundNetworkPlan | undefined;
  /** Those of the memory, if there is one; the usual MTU by default. */
  readonly bridgeMtus: BridgeMtus;
  readonly privateCards: readonly PrivateCardPlan[];
  /** Memory to resume from instead of booting; the hardware must be the same as then. */
  readonly memory: KeptMemory | undefined;
}

/** The hardware that kept memory requires. */
export interface KeptMemory {
  /** Memory of a snapshot is loaded from the disks; saved memory arrives by migration. */
  readonly kind: 'saved' | 'snapshot';
  /** Such as `pc-q35-10.0`: q35 of another QEMU is another machine. */
  readonly machineType: string;
  readonly rootPorts: readonly string[];
  readonly bridgeMtus: BridgeMtus;
}

/** Makes all choices of a start; later steps choose nothing. */
export function planNamedMachine(inputs: MachinePlanInputs): NamedPlan {
  const { spec, files, host, accelerator, source, network, privateCards, memory } = inputs;
  const disks = spec.disks.map((disk, index) => planDisk(disk, index, files));
  const cdroms = spec.cdroms.map((cdrom, index): CdromPlan => {
    return { name: cdrom.name, path: cdrom.path, bootIndex: FIRST_CDROM + index };
  });
  const wiring: NamedPlan['wiring'] = {
    monitor: { kind: 'inherited', descriptor: EVENTS_DESCRIPTOR },
    console: { kind: 'inherited', descriptor: CONSOLE_DESCRIPTOR },
    agent: { kind: 'inherited', descriptor: AGENT_DESCRIPTOR },
    network: {
      descriptor: undefined,
      again: reconnectionOf(host.qemu),
    },
    cards: 'none',
  };
  const ports = memory?.rootPorts ?? rootPortsOf(spec, wiring);
  const directories = findDirectories(spec, host);
  const shares = planShares(directories.shares, host, (tag) => shareSocket(files, tag)).map((share) =>
    placeShare(share, ports),
  );
  const volumes = planVolumes(findVolumes(inputs.locations, volumesOf(spec)));
  const tpmSocket = spec.tpm ? files.tpmSocket : undefined;
  const sockets = [
    ...(tpmSocket === undefined ? [] : [tpmSocket]),
    ...privateCards.map(({ socketPath }) => socketPath),
  ];
  return {
    name: spec.name,
    uuid: spec.uuid,
    qemu: host.qemu.path,
    // Snapshots are stored in the disks, and disks grow and are added at run time, so no file size limit fits.
    layers: qemuLayers({ network, shares, wiring, sockets, longestFile: undefined }, host),
    cgroup: inputs.cgroup,
    sandbox: host.qemu.sandbox,
    monitorObjects: hasMonitorObjects(host.qemu),
    board: { ...(needsFullBoard(spec) ? fullBoard : board), ...(memory && { type: memory.machineType }) },
    accelerator,
    cpu: cpuModel(spec.cpu, accelerator),
    cpus: spec.cpus,
    memoryBytes: spec.memoryBytes,
    memory: { kind: shares.length > 0 ? 'shared' : 'private' },
    hasGenerationId: spec.hasGenerationId === true,
    boot: planBoot(source),
    firmware: spec.firmware.kind === 'bios' ? undefined : { ...spec.firmware, variablesPath: files.nvram },
    seed: spec.hasSeed === true ? { path: files.seed, bus: SEED_PORT } : undefined,
    tpmSocket,
    vncSocket: spec.display === 'vnc' ? files.vncSocket : undefined,
    disks,
    cdroms,
    copies: directories.copies.map(({ field, source, target, readOnly, ids, runsAs, changesUser }) => {
      return { field, source, target, readOnly, ids, runsAs, changesUser };
    }),
    settings: settingsOf(spec),
    rootPorts: ports,
    shares,
    volumes,
    tmpfs: tmpfsOf(spec),
    network: network && withMac(network, spec.mac),
    cards: [],
    bridges: bridgeCards(spec).map(({ number, mac }, place) => ({
      number,
      descriptor: TAP_DESCRIPTOR + place,
      mac,
      mtu: inputs.bridgeMtus[bridgeCardId({ number })] ?? USUAL_MTU,
    })),
    privateCards: privateCards.map((card) => ({
      ...card,
      bus: card.bus !== undefined && ports.includes(card.bus) ? card.bus : undefined,
    })),
    wiring,
    relay: { sockets: spec.sockets ?? [], ports: [], layers: relayLayers(host.confinement) },
    monitorSockets: [files.monitorSocket, files.shellSocket],
    guestAgentSocket: files.guestAgentSocket,
    onReset: spec.installer ? 'end' : 'restart',
    startPaused: true,
    incoming: memory?.kind === 'saved',
    directory: {
      sockets: files.sockets,
      storage: files.storage,
      networkSocket: files.networkSocket,
      monitorSocket: files.monitorSocket,
      agentSocket: files.agentSocket,
      consoleSocket: files.consoleSocket,
      initrd: join(files.boot, 'initrd'),
      nvram: files.nvram,
      seed: files.seed,
      shareSocket: (tag) => shareSocket(files, tag),
      disk: (nodeName) => join(files.storage, `${nodeName}.qcow2`),
    },
    readOnlyFiles: [
      ...(source ? [source.kernelPath, source.initrdPath] : []),
      ...(spec.firmware.kind === 'bios' ? [] : [spec.firmware.code.path]),
      ...disks.flatMap((disk) => [
        ...backingChain(disk).map(({ path }) => path),
        disk.readOnly ? disk.path : undefined,
      ]),
      ...readOnlyVolumes(volumes),
      ...cdroms.map(({ path }) => path),
      spec.hasSeed === true ? files.seed : undefined,
    ].filter((path) => path !== undefined),
    guest: {
      hostname: spec.name,
      modules: guestModules({
        network: hasCards(spec),
        disks: disks.length + volumes.length > 0,
      }),
      optionalModules,
      setsUpNetwork: true,
    },
  };
}

/** Returns the path of a disk's file. */
export function diskPath(disk: Pick<StoredDisk, 'file'>, files: Pick<MachineFiles, 'storage'>): string {
  return isAbsolute(disk.file) ? disk.file : join(files.storage, disk.file);
}

/** True when the path is one of the machine's disks: a corrupt note may name any file of the host. */
export function isDiskOf({ spec, files }: Definition, path: string): boolean {
  return path === files.nvram || spec.disks.some((disk) => diskPath(disk, files) === path);
}

export function planDisk(disk: StoredDisk, index: number, files: Pick<MachineFiles, 'storage'>): DiskPlan {
  return {
    nodeName: disk.name,
    path: diskPath(disk, files),
    format: disk.format,
    readOnly: disk.readOnly,
    backing: disk.backing,
    createBytes: undefined,
    cache: disk.cache,
    discard: disk.discard,
    serial: disk.name,
    bus: rootPort(portNumber(disk.name)),
    bootIndex: FIRST_DISK + index,
  };
}

/**
 * The place in this order is the address of a disk's and of a directory's port. The ports of disks come first, so that the
 * guest's names for disks do not depend on other devices.
 */
function rootPortsOf(spec: MachineSpec, wiring: NamedPlan['wiring']): string[] {
  const { disks, hasSeed, shares = [] } = spec;
  return [
    ...rootPorts(portsBehind(disks) + SPARE_ROOT_PORTS),
    ...(hasSeed === true ? [SEED_PORT] : []),
    ...sharePorts(shares),
    ...cardPorts(spec, wiring),
  ];
}

function hasCards({ net, bridges = [], networks = [] }: MachineSpec): boolean {
  return net !== 'none' || bridges.length + networks.length > 0;
}

function portsBehind(disks: MachineSpec['disks']): number {
  return Math.max(0, ...disks.map(({ name }) => portNumber(name) + 1));
}

/** Installers and graphical systems need PC hardware; a user's kernel with a serial port boots faster without it. */
function needsFullBoard(spec: MachineSpec): boolean {
  return (
    spec.display === 'vnc' ||
    spec.cdroms.length > 0 ||
    spec.boot.kind === 'firmware' ||
    spec.installer !== undefined
  );
}

function planBoot(source: MachinePlanInputs['source']): BootPlan {
  if (!source) return { kind: 'disk' };
  return {
    kind: 'kernel',
    kernelPath: source.kernelPath,
    initrdPath: source.initrdPath,
    initrdBase: undefined,
    commandLine: source.append.join(' '),
  };
}
