import { join } from 'node:path';
import type { Locations } from '../../machine/paths/locations.ts';

/**
 * Every path of a named machine. What is in the data directory moves with a rename of the machine; the other two
 * directories go by its id, which never changes.
 */
export interface MachineFiles {
  /** `$XDG_DATA_HOME/vmlet/machines/NAME`, 0700. */
  readonly directory: string;
  /** What the user asked for. A clone gets one of its own. */
  readonly spec: string;
  /** Held by whoever changes the machine. Not copied by a clone, like all below that says nothing else. */
  readonly lock: string;
  /** Held by the keeper for as long as the machine runs. */
  readonly keeperLock: string;
  /** The keeper's record of the machine that runs; gone with it. */
  readonly run: string;
  /** The keeper's record of how the machine ended last. */
  readonly end: string;
  /** The plan of the machine that runs, or ran last. */
  readonly plan: string;
  /** All that QEMU may write: its own disks and the two below. Disks are copied by a full clone; a linked one gets overlays. */
  readonly storage: string;
  /** UEFI's variables. Copied by a clone. */
  readonly nvram: string;
  /** The TPM's secrets: a clone has a new TPM. */
  readonly tpm: string;
  /** Keys, which a clone makes anew. */
  readonly ssh: string;
  /** What cloud-init reads. Copied by a clone, whose guest has mostly booted for the first time already. */
  readonly seed: string;
  /** Kernel and initramfs of an installer. Copied by a clone. */
  readonly boot: string;
  /** Memory and devices of a machine that was saved. */
  readonly savedState: string;
  /** Whether it ran. */
  readonly savedStateNote: string;
  /** What the machine was at each snapshot with memory. */
  readonly snapshots: string;
  /** There while a snapshot is being restored. */
  readonly restoring: string;
  /** There while a snapshot is being made. */
  readonly snapshotting: string;
  /** `$XDG_STATE_HOME/vmlet/machines/ID`, 0700. */
  readonly logs: string;
  readonly serialLog: string;
  /** Where in the serial log the run that is or was last began. */
  readonly serialStart: string;
  readonly qemuLog: string;
  readonly passtLog: string;
  readonly swtpmLog: string;
  /** QEMU's events, one JSON object a line. */
  readonly events: string;
  /** `$XDG_RUNTIME_DIR/vmlet/ID`, 0700; made by a start and gone with the machine. */
  readonly sockets: string;
  /** QEMU's monitor for short commands. */
  readonly monitorSocket: string;
  /** QEMU's monitor for long ones and for shells. */
  readonly shellSocket: string;
  /** The keeper's: the serial console, for many at once. */
  readonly consoleSocket: string;
  /** The keeper's: vmlet's agent in the guest, for many at once. */
  readonly agentSocket: string;
  readonly guestAgentSocket: string;
  /** QEMU connects here, and the keeper starts passt on the connection. */
  readonly networkSocket: string;
  readonly tpmSocket: string;
  readonly vncSocket: string;
  /** The command lines of the helpers, each word ended by a NUL. */
  readonly passtArguments: string;
  readonly swtpmArguments: string;
}

/** The longest of the names below, for the kernel's limit on the paths of sockets. */
export const LONGEST_SOCKET_NAME = 'monitor.sock';

export function machineFiles(locations: Locations, name: string, id: string): MachineFiles {
  const directory = join(locations.machines, name);
  const logs = join(locations.logs, id);
  return {
    ...definitionFiles(directory),
    logs,
    serialLog: join(logs, 'serial.log'),
    serialStart: join(logs, 'serial.start'),
    qemuLog: join(logs, 'qemu.log'),
    passtLog: join(logs, 'passt.log'),
    swtpmLog: join(logs, 'swtpm.log'),
    events: join(logs, 'events.ndjson'),
    ...socketFiles(join(locations.runtime, id)),
  };
}

/** What is in a machine's runtime directory. */
export function socketFiles(sockets: string) {
  return {
    sockets,
    monitorSocket: join(sockets, LONGEST_SOCKET_NAME),
    shellSocket: join(sockets, 'shell.sock'),
    consoleSocket: join(sockets, 'console.sock'),
    agentSocket: join(sockets, 'agent.sock'),
    guestAgentSocket: join(sockets, 'qga.sock'),
    networkSocket: join(sockets, 'network.sock'),
    tpmSocket: join(sockets, 'tpm.sock'),
    vncSocket: join(sockets, 'vnc.sock'),
    passtArguments: join(sockets, 'passt.argv'),
    swtpmArguments: join(sockets, 'swtpm.argv'),
  };
}

/** The files in a machine's data directory, wherever that is just now. */
export function definitionFiles(directory: string) {
  const storage = join(directory, 'storage');
  return {
    directory,
    spec: join(directory, 'spec.json'),
    lock: join(directory, 'lock'),
    keeperLock: join(directory, 'keeper.lock'),
    run: join(directory, 'run.json'),
    end: join(directory, 'end.json'),
    plan: join(directory, 'plan.json'),
    storage,
    nvram: join(storage, 'nvram.qcow2'),
    savedState: join(storage, 'saved-state'),
    savedStateNote: join(directory, 'saved-state.json'),
    snapshots: join(directory, 'snapshots.json'),
    restoring: join(directory, 'restoring.json'),
    snapshotting: join(directory, 'snapshotting.json'),
    seed: join(directory, 'seed.img'),
    tpm: join(directory, 'tpm'),
    ssh: join(directory, 'ssh'),
    boot: join(directory, 'boot'),
  };
}
