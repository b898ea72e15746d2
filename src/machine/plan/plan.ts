import type { Accelerator } from '../../host/kvm/accelerator.ts';
import type { BoundNetworkPlan } from '../../network/plan/network.ts';
import type { QemuNetworkWiring } from '../../network/card/qemu-network.ts';
import type { Firmware } from '../../host/firmware/firmware.ts';
import type { DiskLayer } from '../../images/record/image.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import type { Cgroup } from '../../process/confine/cgroup.ts';
import type { Layers } from '../../process/confine/layers.ts';
import type { NamedVolume, Tmpfs } from '../volume/named-volume.ts';
import type { SharePlan } from '../share/share-plan.ts';
import type { MachineDirectory } from '../paths/directory.ts';

/** Path of the agent in an initramfs that it was added to. */
export const AGENT_IN_INITRD = '.vmlet-agent';

/** The connection of a QEMU character device. */
export type Wiring =
  | { readonly kind: 'inherited'; readonly descriptor: number }
  | { readonly kind: 'listening'; readonly path: string }
  /** QEMU's own standard input and output. */
  | { readonly kind: 'terminal' };

export interface DiskPlan {
  /** Name of the block node, as used by QMP commands. */
  readonly nodeName: string;
  readonly path: string;
  readonly format: DiskFormat;
  readonly readOnly: boolean;
  /** The backing chain; undefined for a disk without a backing file. */
  readonly backing: DiskLayer | undefined;
  /** Size of the disk or overlay to create at `path`; undefined for an existing file. */
  readonly createBytes: number | undefined;
  /**
   * `none` bypasses the host's page cache; `unsafe` ignores the guest's flushes, so that a crash loses data.
   */
  readonly cache: 'writeback' | 'none' | 'unsafe';
  /** Space that the guest discards is returned to the host. */
  readonly discard: boolean;
  /** At most 20 bytes; the guest's udev links /dev/disk/by-id/virtio-SERIAL to it. */
  readonly serial: string | undefined;
  /**
   * The PCIe root port of a hot-pluggable disk; undefined for a disk on the root bus, which cannot be
   * unplugged.
   */
  readonly bus: string | undefined;
  /** True for a disk that is plugged in while the machine runs. */
  readonly isPlugged?: boolean;
  /** The firmware's boot order, from 0; undefined for a disk that is tried last. */
  readonly bootIndex: number | undefined;
}

/** Whether the guest has volumes that it must write back before its end. */
export function writesVolumes({ volumes }: Pick<Plan, 'volumes'>): boolean {
  return volumes.some(({ readOnly }) => !readOnly);
}

/** Returns the disks that are plugged in while the machine runs. */
export function pluggedDisks({ disks }: Pick<Plan, 'disks'>): readonly DiskPlan[] {
  return disks.filter(({ isPlugged = false }) => isPlugged);
}

export type BootPlan =
  | {
      readonly kind: 'kernel';
      readonly kernelPath: string;
      readonly initrdPath: string | undefined;
      /**
       * A user's initramfs to which the agent is added, written to `initrdPath`; undefined for an unchanged
       * initramfs.
       */
      readonly initrdBase: string | undefined;
      /** A directory whose modules are added to it instead of the agent. */
      readonly modules?: string | undefined;
      readonly commandLine: string;
    }
  /** The firmware boots the first disk. */
  | {
      readonly kind: 'disk';
      /** With nothing to boot, the firmware waits for a user instead of rebooting. */
      readonly waitsForUser?: true;
    };

/** The storage of the guest's memory. */
export type MemoryPlan =
  | { readonly kind: 'private' }
  /** Shared with processes that are its devices: passt with vhost-user, virtiofsd. */
  | { readonly kind: 'shared' }
  /** In a file, to which the guest's writes go. */
  | { readonly kind: 'file'; readonly path: string }
  /** A copy of a template's memory in a file, shared with processes that are devices. */
  | { readonly kind: 'copy'; readonly path: string }
  /** Initialised from a file; the guest's writes are private. */
  | { readonly kind: 'copy-on-write'; readonly path: string; readonly opensReadOnly: boolean };

/** A firmware with its own variables; QEMU's built-in BIOS needs none of this. */
export interface FirmwarePlan extends Firmware {
  /** The machine's own variables: a qcow2, so that snapshots include them. */
  readonly variablesPath: string;
}

/** A disk with the guest's first-boot configuration. */
export interface SeedPlan {
  readonly path: string;
  /** Its PCIe port; undefined on the root bus. */
  readonly bus: string | undefined;
}

/** A named volume, whose disk the agent finds by its serial number and mounts. */
export interface VolumePlan extends Pick<NamedVolume, 'name' | 'target' | 'readOnly'> {
  readonly sizeBytes: number;
  readonly disk: DiskPlan;
  /** As for a share. */
  readonly port: string | undefined;
}

export interface CardPlan {
  /** MAC address at boot. */
  readonly mac: string;
}

/** A spec with every choice made: plain data, from which the command lines are derived. */
export interface Plan {
  readonly name: string;
  readonly qemu: string;
  /** The layers of confinement that vmlet-confine applies to QEMU. */
  readonly layers: Layers;
  /** Resource limits of QEMU; undefined for none. */
  readonly cgroup: Cgroup | undefined;
  /** QEMU drops the system calls that it does not need; some builds do not support this. */
  readonly sandbox: boolean;
  /** QEMU creates its monitors with -object, and warns about -mon. */
  readonly monitorObjects: boolean;
  readonly board: { readonly type: string; readonly options: Readonly<Record<string, string>> };
  readonly accelerator: Accelerator;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly memory: MemoryPlan;
  /** QEMU waits for the saved state of another QEMU. */
  readonly incoming: boolean;
  /**
   * The guest gets a generation ID, new for each QEMU, so that it notices when its memory was restored
   * elsewhere.
   */
  readonly hasGenerationId: boolean;
  readonly boot: BootPlan;
  readonly firmware: FirmwarePlan | undefined;
  /** PCIe ports into which devices can be plugged while the machine runs. */
  readonly rootPorts: readonly string[];
  readonly disks: readonly DiskPlan[];
  readonly seed: SeedPlan | undefined;
  /** Directories of the host. */
  readonly shares: readonly SharePlan[];
  readonly volumes: readonly VolumePlan[];
  readonly tmpfs: readonly Tmpfs[];
  readonly network: BoundNetworkPlan | undefined;
  /** MAC address of the first card when a fork boots; undefined for the present one. */
  readonly macAtBoot?: string | undefined;
  /** Cards for private networks, after that of `network`. */
  readonly cards: readonly CardPlan[];
  readonly wiring: {
    readonly monitor: Wiring;
    readonly agent: Wiring;
    readonly console: Wiring;
    /** QEMU's connection to passt, if passt is used. */
    readonly network: Omit<QemuNetworkWiring, 'socketPath'>;
    /** Whether QEMU listens for the links of `cards`, on sockets in the machine's directory, or there are none. */
    readonly cards: 'listens' | 'none';
  };
  /** Whether the machine restarts or ends when the guest resets it. */
  readonly onReset: 'restart' | 'end';
  /** The processors wait for `cont`, so that no early event of the guest is lost. */
  readonly startPaused: boolean;
  readonly directory: MachineDirectory;
  /** Files that QEMU may read besides its own directories. */
  readonly readOnlyFiles: readonly string[];
  /**
   * Instructions for the agent, sent after its greeting. A full system manages its modules and its network
   * itself.
   */
  readonly guest: {
    readonly hostname: string;
    readonly modules: readonly string[];
    /** Loaded if the guest has them. */
    readonly optionalModules: readonly string[];
    readonly setsUpNetwork: boolean;
    /** Working directory of commands by default; undefined for the guest's root directory. */
    readonly directory?: string | undefined;
  };
}
