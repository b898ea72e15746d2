import type { Accelerator } from '../../host/kvm/accelerator.ts';
import type { BoundNetworkPlan } from '../../network/plan/network.ts';
import type { QemuNetworkWiring } from '../../network/card/qemu-network.ts';
import type { Firmware } from '../../host/firmware/firmware.ts';
import type { DiskLayer } from '../../images/record/image.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import type { Cgroup } from '../../process/confine/cgroup.ts';
import type { Layers } from '../../process/confine/layers.ts';
import type { MachineDirectory } from '../paths/directory.ts';

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
  /** What is around QEMU, put on by vmlet-confine. */
  readonly layers: Layers;
  /** What QEMU may use of the host; undefined for as much as there is. */
  readonly cgroup: Cgroup | undefined;
  /** QEMU drops the system calls that it does not need; some builds cannot. */
  readonly sandbox: boolean;
  /** QEMU makes its monitors by -object, and warns of -mon. */
  readonly monitorObjects: boolean;
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
