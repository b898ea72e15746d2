import { join } from 'node:path';

/** The paths that belong to one running machine. Both folders go when it ends. */
export interface MachineDirectory {
  /** For sockets, in the runtime directory. */
  readonly sockets: string;
  /** For disks, where there is room. */
  readonly storage: string;
  /** QEMU connects here, and passt gets the connection. */
  readonly networkSocket: string;
  /** The three below are used only by machines that are started by hand (`--dry-run`). */
  readonly monitorSocket: string;
  readonly agentSocket: string;
  readonly consoleSocket: string;
  /** A user's initramfs with the agent behind it. */
  readonly initrd: string;
  /** UEFI's variables. */
  readonly nvram: string;
  /** What cloud-init reads. */
  readonly seed: string;
  disk(nodeName: string): string;
}

export function machineDirectory(sockets: string, storage: string): MachineDirectory {
  return {
    sockets,
    storage,
    networkSocket: join(sockets, 'network.sock'),
    monitorSocket: join(sockets, 'monitor.sock'),
    agentSocket: join(sockets, 'agent.sock'),
    consoleSocket: join(sockets, 'console.sock'),
    initrd: join(storage, 'initrd'),
    nvram: join(storage, 'nvram.qcow2'),
    seed: join(storage, 'seed.img'),
    disk: (nodeName) => join(storage, `${nodeName}.qcow2`),
  };
}
