import { join } from 'node:path';

/** The paths that belong to one running machine. Both folders are removed when it ends. */
export interface MachineDirectory {
  /** Directory of the sockets, in the runtime directory. */
  readonly sockets: string;
  /** Directory of the disks, on a file system with enough space. */
  readonly storage: string;
  /** QEMU connects to this socket, and passt gets the connection. */
  readonly networkSocket: string;
  /** The next three are used only by machines that are started by hand (`--dry-run`). */
  readonly monitorSocket: string;
  readonly agentSocket: string;
  readonly consoleSocket: string;
  /** The user's initramfs with the agent appended. */
  readonly initrd: string;
  /** UEFI variables. */
  readonly nvram: string;
  /** Seed disk, read by cloud-init. */
  readonly seed: string;
  disk(nodeName: string): string;
  /** QEMU connects to this socket, on which virtiofsd listens. */
  shareSocket(tag: string): string;
}

export function machineDirectory(sockets: string, storage: string): MachineDirectory {
  return {
    sockets,
    storage,
    ...machineSockets(sockets),
    initrd: join(storage, 'initrd'),
    nvram: join(storage, 'nvram.qcow2'),
    seed: join(storage, 'seed.img'),
    shareSocket: (tag) => join(sockets, `${tag}.sock`),
    disk: (nodeName) => join(storage, `${nodeName}.qcow2`),
  };
}

/** Returns the socket between QEMU and its launcher or keeper, for a card in a private network. */
export function cardSocket({ sockets }: Pick<MachineDirectory, 'sockets'>, card: number): string {
  return join(sockets, `card${card}.sock`);
}

/** Sockets that throw-away and named machines have. */
export function machineSockets(sockets: string) {
  return {
    networkSocket: join(sockets, 'network.sock'),
    monitorSocket: join(sockets, 'monitor.sock'),
    agentSocket: join(sockets, 'agent.sock'),
    consoleSocket: join(sockets, 'console.sock'),
  };
}

/** Returns the file of names in private networks for the keeper of a named machine. @param directory the machine's own. */
export function namesFile(directory: string): string {
  return `${directory}/keeper/names`;
}
