import type { Accelerator } from '../host/accelerator.ts';
import type { Host } from '../host/host.ts';
import type { BoundNetworkPlan } from '../passt/network.ts';
import type { QemuNetworkWiring } from '../passt/qemu-network.ts';
import { InvalidInputError } from '../errors.ts';
import { formatBytes } from '../images/disk-size.ts';
import type { Firmware } from '../host/firmware.ts';
import type { DiskImage, DiskLayer } from '../images/image.ts';
import { backingChain } from './block-node.ts';
import { board, bootWords, cpuUnderTcg, fullBoard, guestModules, optionalModules } from './board.ts';
import type { DiskFormat } from '../images/disk-info.ts';
import type { MachineDirectory } from './directory.ts';
import { LONGEST_KERNEL_COMMAND_LINE } from './kernel-command-line.ts';
import type { Spec } from './spec.ts';

/** Where the agent is in an initramfs that it was added to. */
export const AGENT_IN_INITRD = '.vmlet-agent';

/** How a character device of QEMU's is reached. */
export type Wiring =
  | { readonly kind: 'inherited'; readonly descriptor: number }
  | { readonly kind: 'listening'; readonly path: string }
  /** QEMU's own standard input and output. */
  | { readonly kind: 'terminal' };

export interface DiskPlan {
  /** Name of the block node, as QMP commands know it. */
  readonly nodeName: string;
  readonly path: string;
  readonly format: DiskFormat;
  readonly readOnly: boolean;
  /** The whole chain; undefined for a disk that stands alone. */
  readonly backing: DiskLayer | undefined;
  /** Size of the disk or overlay that is made at `path`; undefined for a file as it is. */
  readonly createBytes: number | undefined;
  /** `none` goes around the host's page cache; `unsafe` ignores the guest's flushes, so that a crash loses data. */
  readonly cache: 'writeback' | 'none' | 'unsafe';
  /** What the guest discards is given back to the host. */
  readonly discard: boolean;
  /** At most 20 bytes; the guest's udev links /dev/disk/by-id/virtio-SERIAL to it. */
  readonly serial: string | undefined;
  /** The PCIe root port of a disk that can be unplugged; undefined for one on the root bus, which cannot. */
  readonly bus: string | undefined;
  /** The firmware's order of boot, from 0; undefined for a disk that it tries last. */
  readonly bootIndex: number | undefined;
}

export type BootPlan =
  | {
      readonly kind: 'kernel';
      readonly kernelPath: string;
      readonly initrdPath: string | undefined;
      /** A user's initramfs that the agent is added to, giving the file at `initrdPath`; undefined for one as it is. */
      readonly initrdBase: string | undefined;
      readonly commandLine: string;
    }
  /** The firmware boots the first disk. */
  | { readonly kind: 'disk' };

/** Where the guest's memory lies. */
export type MemoryPlan =
  | { readonly kind: 'private' }
  /** Another process reaches the guest's packets in it (passt by vhost-user). */
  | { readonly kind: 'shared' }
  /** In a file that the guest's writes go into. */
  | { readonly kind: 'file'; readonly path: string }
  /** Begins as a file's content; what the guest writes is its own. */
  | { readonly kind: 'copy-on-write'; readonly path: string; readonly opensReadOnly: boolean };

/** A firmware with its own variables; the BIOS that QEMU brings needs none of this. */
export interface FirmwarePlan extends Firmware {
  /** The machine's own, a qcow2 so that snapshots hold it too. */
  readonly variablesPath: string;
}

/** A disk from which the guest learns at its first boot who it is. */
export interface SeedPlan {
  readonly path: string;
  /** Its PCIe port; undefined on the root bus. */
  readonly bus: string | undefined;
}

export interface CardPlan {
  /** As the guest finds it when it boots. */
  readonly mac: string;
}

/** A spec with every choice made: plain data, from which the command lines follow. */
export interface Plan {
  readonly name: string;
  readonly qemu: string;
  /** QEMU drops the system calls that it does not need; some builds cannot. */
  readonly sandbox: boolean;
  readonly board: { readonly type: string; readonly options: Readonly<Record<string, string>> };
  readonly accelerator: Accelerator;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memory: MemoryPlan;
  /** It waits for the state that another QEMU has saved. */
  readonly incoming: boolean;
  /** The guest is told when it is another machine than its memory says, by a number that is new for each QEMU. */
  readonly hasGenerationId: boolean;
  readonly boot: BootPlan;
  readonly firmware: FirmwarePlan | undefined;
  readonly disks: readonly DiskPlan[];
  readonly seed: SeedPlan | undefined;
  readonly network: BoundNetworkPlan | undefined;
  /** Cards for private networks, after that of `network`. */
  readonly cards: readonly CardPlan[];
  readonly wiring: {
    readonly monitor: Wiring;
    readonly agent: Wiring;
    readonly console: Wiring;
    /** How QEMU comes to passt, where there is one. */
    readonly network: Omit<QemuNetworkWiring, 'socketPath'>;
    /** Whether QEMU inherits the cables of `cards`, behind all other descriptors, or they have none. */
    readonly cards: 'inherited' | 'none';
  };
  /** Whether a machine that the guest resets starts again, or ends. */
  readonly onReset: 'restart' | 'end';
  /** The processors wait for `cont`, so that no event of the guest's is lost. */
  readonly startPaused: boolean;
  readonly directory: MachineDirectory;
  /** Files that QEMU may read beside its own directories. */
  readonly readOnlyFiles: readonly string[];
  /** What the agent is told when it says hello. A system of its own sees to its modules and its network itself. */
  readonly guest: {
    readonly hostname: string;
    readonly modules: readonly string[];
    /** Loaded where the guest has them. */
    readonly optionalModules: readonly string[];
    readonly setsUpNetwork: boolean;
  };
}

/** A disk that is there, whose header was read. */
export interface FoundLayer extends DiskLayer {
  /** What a guest sees of it. */
  readonly virtualBytes: number;
}

/** What a boot starts from, with its files found. */
export type BootSource =
  | {
      readonly kind: 'kernel';
      readonly kernelPath: string;
      readonly initrdPath: string | undefined;
      /** Whether the agent has to be added to that initramfs, to be its first process. */
      readonly needsAgent: boolean;
      /** Kernel parameters that come with it. */
      readonly append: readonly string[];
    }
  | {
      readonly kind: 'disk';
      readonly layer: FoundLayer;
      /** Undefined for a file of the user's. */
      readonly image: DiskImage | undefined;
    };

/** A disk as it was asked for, with its file found and all that this stands on. */
export type FoundDisk = { readonly sizeBytes: number } | (FoundLayer & { readonly readOnly: boolean });

/** A spec with its disks found. */
export type FoundSpec = Omit<Spec, 'disks'> & { readonly disks: readonly FoundDisk[] };

export interface PlanInputs {
  readonly spec: FoundSpec;
  readonly host: Host;
  readonly accelerator: Accelerator;
  readonly source: BootSource;
  readonly firmware: Firmware | undefined;
  readonly hasSeed: boolean;
  readonly network: BoundNetworkPlan | undefined;
  readonly directory: MachineDirectory;
  readonly wiring: Plan['wiring'];
  readonly startPaused: boolean;
  /** The hardware addresses of cards for private networks; none by default. */
  readonly cards?: readonly string[];
  /** A file for its memory, of which machines will be forked. */
  readonly memoryFile?: string | undefined;
}

/** @throws InvalidInputError when the kernel's command line gets too long. */
export function planMachine(inputs: PlanInputs): Plan {
  const { spec, host, accelerator, source, firmware, network, cards = [], directory } = inputs;
  const disks = planDisks(spec, source, directory);
  return {
    name: spec.name,
    qemu: host.qemu.path,
    sandbox: host.qemu.sandbox,
    board: source.kind === 'disk' ? fullBoard : board,
    accelerator,
    cpu: accelerator.kind === 'kvm' ? accelerator.cpu : cpuUnderTcg,
    cpus: spec.cpus,
    memoryBytes: spec.memoryBytes,
    memory: planMemory(inputs),
    incoming: false,
    hasGenerationId: inputs.memoryFile !== undefined,
    boot: planBoot(spec, source, directory),
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    disks,
    seed: inputs.hasSeed ? { path: directory.seed, bus: undefined } : undefined,
    network,
    cards: cards.map((mac) => ({ mac })),
    wiring: inputs.wiring,
    onReset: 'end',
    startPaused: inputs.startPaused,
    directory,
    readOnlyFiles: [
      ...(source.kind === 'kernel' ? [source.kernelPath, source.initrdPath] : []),
      firmware?.code.path,
      ...disks.flatMap((disk) => [
        ...backingChain(disk).map(({ path }) => path),
        disk.readOnly ? disk.path : undefined,
      ]),
    ].filter((path) => path !== undefined),
    guest: {
      hostname: spec.name,
      ...(source.kind === 'disk'
        ? { modules: [], optionalModules: [], setsUpNetwork: false }
        : {
            modules: guestModules({
              network: network !== undefined || cards.length > 0,
              disks: disks.length > 0,
            }),
            optionalModules,
            setsUpNetwork: true,
          }),
    },
  };
}

function planMemory({ memoryFile, network }: PlanInputs): MemoryPlan {
  if (memoryFile !== undefined) return { kind: 'file', path: memoryFile };
  return { kind: network?.backend === 'passt-vhost-user' ? 'shared' : 'private' };
}

function planBoot(spec: FoundSpec, source: BootSource, directory: MachineDirectory): BootPlan {
  if (source.kind === 'disk') return { kind: 'disk' };
  const words = [
    ...bootWords,
    ...source.append,
    ...(source.needsAgent ? [`rdinit=/${AGENT_IN_INITRD}`] : []),
    ...(spec.append === undefined ? [] : [spec.append]),
  ];
  const commandLine = words.join(' ').trim();
  const length = Buffer.byteLength(commandLine);
  if (length > LONGEST_KERNEL_COMMAND_LINE) {
    throw new InvalidInputError(
      'append',
      `makes the kernel's command line ${length} bytes long, and it takes ${LONGEST_KERNEL_COMMAND_LINE}`,
      { hint: 'give long things to the command that runs in the guest, not to its kernel' },
    );
  }
  return {
    kind: 'kernel',
    kernelPath: source.kernelPath,
    initrdPath: source.needsAgent ? directory.initrd : source.initrdPath,
    initrdBase: source.needsAgent ? source.initrdPath : undefined,
    commandLine,
  };
}

function planDisks(spec: FoundSpec, source: BootSource, directory: MachineDirectory): DiskPlan[] {
  const bootDisk = source.kind === 'disk' ? [{ ...source.layer, readOnly: false }] : [];
  const wantedBytes = diskBytesOf(spec, source);
  return [...bootDisk, ...spec.disks].map((disk: FoundDisk, index): DiskPlan => {
    const nodeName = `disk${index}`;
    const own = {
      nodeName,
      path: directory.disk(nodeName),
      format: 'qcow2',
      readOnly: false,
      backing: undefined,
      createBytes: undefined,
      cache: 'writeback',
      discard: true,
      serial: undefined,
      bus: undefined,
      bootIndex: undefined,
    } as const;
    if ('sizeBytes' in disk) return { ...own, createBytes: disk.sizeBytes };
    const { path, format, backing, virtualBytes } = disk;
    if (disk.readOnly) return { ...own, path, format, backing, readOnly: true };
    const createBytes = (index === 0 ? wantedBytes : undefined) ?? virtualBytes;
    return { ...own, backing: { path, format, backing }, createBytes };
  });
}

/** A disk may be larger than its image: what reads the seed lets the file system grow into it. */
function diskBytesOf({ diskBytes }: FoundSpec, source: BootSource): number | undefined {
  if (diskBytes === undefined || source.kind === 'kernel' || !source.image) return undefined;
  const { name, virtualBytes } = source.image;
  if (diskBytes >= virtualBytes) return diskBytes;
  throw new InvalidInputError(
    'diskSize',
    `${formatBytes(diskBytes)} is less than the ${formatBytes(virtualBytes)} of the image ${name}`,
    { hint: 'a disk can only be larger than its image' },
  );
}
