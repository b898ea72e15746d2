import { join } from 'node:path';
import { machineSockets, namesFile } from '../../machine/paths/directory.ts';
import type { Locations } from '../../machine/paths/locations.ts';

/**
 * All paths of a named machine. A rename of the machine moves its data directory; the other two directories are named by
 * its id, which never changes.
 */
export interface MachineFiles {
  /** Private networks of the user. */
  readonly networks: string;
  /** `$XDG_DATA_HOME/vmlet/machines/NAME`, 0700. */
  readonly directory: string;
  /** The machine's definition. A clone gets its own. */
  readonly spec: string;
  /** Lock of the process that changes the machine. A clone copies no file below unless stated. */
  readonly lock: string;
  /** Lock of the keeper while the machine is running. */
  readonly keeperLock: string;
  /** Shared by those that wait for the machine's command, so that `--rm` removes the machine after they have its status. */
  readonly waitersLock: string;
  /** The keeper's record of the running machine; removed at its end. */
  readonly run: string;
  /** The keeper's record of the last end. */
  readonly end: string;
  /** Plan of the current or last run. */
  readonly plan: string;
  /** Files that QEMU may write: disks and the two below. A full clone copies disks; a linked one gets overlays. */
  readonly storage: string;
  /** UEFI variables. Copied by a clone. */
  readonly nvram: string;
  /** Secrets of the TPM: a clone has a new TPM. */
  readonly tpm: string;
  /** SSH keys; a clone creates its own. */
  readonly ssh: string;
  /** Seed disk for cloud-init. Copied by a clone, whose guest has usually finished its first boot. */
  readonly seed: string;
  /** Kernel and initramfs of an installer. Copied by a clone. */
  readonly boot: string;
  /** Memory and device state of a saved machine. */
  readonly savedState: string;
  /** Whether the saved machine was running, and its hardware. */
  readonly savedStateNote: string;
  /** Hardware of the machine at each snapshot with memory. */
  readonly snapshots: string;
  /** Exists while a snapshot is being restored. */
  readonly restoring: string;
  /** Exists while a snapshot is being taken. */
  readonly snapshotting: string;
  /** `$XDG_STATE_HOME/vmlet/machines/ID`, 0700. */
  readonly logs: string;
  readonly serialLog: string;
  /** Position in the serial log where the current or last run began. */
  readonly serialStart: string;
  readonly qemuLog: string;
  readonly passtLog: string;
  readonly swtpmLog: string;
  /** Output of the relays. */
  readonly relayLog: string;
  /** QEMU's events, one JSON object per line. */
  readonly events: string;
  /** Output of the machine's command, in the format of podman's log files. */
  readonly outputLog: string;
  /** `$XDG_RUNTIME_DIR/vmlet/ID`, 0700; created by a start and removed at the end. */
  readonly sockets: string;
  /** QEMU's monitor for short commands. */
  readonly monitorSocket: string;
  /** QEMU's monitor for long commands and for shells. */
  readonly shellSocket: string;
  /** The keeper's socket of the serial console, for any number of clients. */
  readonly consoleSocket: string;
  /** The same; its first line is the position in the serial log where the output begins. */
  readonly serialSocket: string;
  /** The keeper's socket of vmlet's agent in the guest, for any number of clients. */
  readonly agentSocket: string;
  readonly guestAgentSocket: string;
  /** Socket that QEMU connects to; the keeper starts passt on the connection. */
  readonly networkSocket: string;
  readonly tpmSocket: string;
  /** The keeper's socket on which it reads the table of relayed forwards again. */
  readonly relaySocket: string;
  readonly vncSocket: string;
  /**
   * Directory of the keeper's programs and requests, written at each start. Not beside the sockets, where QEMU may write: a
   * guest that has taken over QEMU must not choose programs.
   */
  readonly keeper: string;
  /** Command lines of the helpers, each word terminated by a NUL. */
  readonly passtArguments: string;
  /** Socket on which passt takes changes of its forwards. */
  readonly passtSocket: string;
  /** The request by which the keeper sets up the guest's shares and private networks at each boot. */
  readonly guestRequest: string;
  /** The names of private networks that the keeper gives the guest at each boot. */
  readonly names: string;
  readonly swtpmArguments: string;
  /** Command line of the relays. */
  readonly relayArguments: string;
  /** The forwards that go over the agent. */
  readonly relayTable: string;
  /** The request of the machine's command for the guest's agent. */
  readonly commandRequest: string;
  /** The command line of the program that removes the machine after its command. */
  readonly removal: string;
}

/** Socket of a share, on which its virtiofsd listens. */
export function shareSocket({ sockets }: Pick<MachineFiles, 'sockets'>, tag: string): string {
  return join(sockets, `${tag}.sock`);
}

/** Command line of a share's virtiofsd. */
export function shareArguments({ keeper }: Pick<MachineFiles, 'keeper'>, tag: string): string {
  return join(keeper, `${tag}.argv`);
}

/** Output of a share's virtiofsd. */
export function shareLog({ logs }: Pick<MachineFiles, 'logs'>, tag: string): string {
  return join(logs, `${tag}.log`);
}

/** Command line of a card's plug. */
export function cardArguments({ keeper }: Pick<MachineFiles, 'keeper'>, card: number): string {
  return join(keeper, `card${card}.argv`);
}

/** Output of a card's plug. */
export function cardLog({ logs }: Pick<MachineFiles, 'logs'>, card: number): string {
  return join(logs, `card${card}.log`);
}

export function machineFiles(locations: Locations, name: string, id: string): MachineFiles {
  const directory = join(locations.machines, name);
  const logs = join(locations.logs, id);
  const inLogs = filesOf(logs);
  return {
    networks: locations.networks,
    ...definitionFiles(directory),
    logs,
    serialLog: inLogs('serial.log'),
    serialStart: inLogs('serial.start'),
    qemuLog: inLogs('qemu.log'),
    passtLog: inLogs('passt.log'),
    swtpmLog: inLogs('swtpm.log'),
    relayLog: inLogs('relay.log'),
    events: inLogs('events.ndjson'),
    outputLog: inLogs('output.log'),
    ...socketFiles(join(locations.runtime, id)),
  };
}

/** Files in a machine's runtime directory. */
export function socketFiles(sockets: string) {
  const file = filesOf(sockets);
  return {
    sockets,
    ...machineSockets(sockets),
    shellSocket: file('shell.sock'),
    serialSocket: file('serial.sock'),
    guestAgentSocket: file('qga.sock'),
    tpmSocket: file('tpm.sock'),
    relaySocket: file('relay.sock'),
    vncSocket: file('vnc.sock'),
  };
}

/** Files in a machine's data directory, wherever that is now. */
export function definitionFiles(directory: string) {
  const file = filesOf(directory);
  const [storage, keeper] = [file('storage'), file('keeper')];
  const [inStorage, ofKeeper] = [filesOf(storage), filesOf(keeper)];
  return {
    directory,
    spec: file('spec.json'),
    lock: file('lock'),
    keeperLock: file('keeper.lock'),
    waitersLock: file('waiters.lock'),
    run: file('run.json'),
    end: file('end.json'),
    plan: file('plan.json'),
    storage,
    nvram: inStorage('nvram.qcow2'),
    savedState: inStorage('saved-state'),
    savedStateNote: file('saved-state.json'),
    snapshots: file('snapshots.json'),
    restoring: file('restoring.json'),
    snapshotting: file('snapshotting.json'),
    seed: file('seed.img'),
    tpm: file('tpm'),
    ssh: file('ssh'),
    boot: file('boot'),
    keeper,
    guestRequest: ofKeeper('guest.request'),
    names: namesFile(directory),
    passtArguments: ofKeeper('passt.argv'),
    passtSocket: ofKeeper('passt.sock'),
    swtpmArguments: ofKeeper('swtpm.argv'),
    relayArguments: ofKeeper('relay.argv'),
    relayTable: ofKeeper('relay.table'),
    commandRequest: ofKeeper('command'),
    removal: ofKeeper('removal.argv'),
  };
}

/** `join` would take a fifth of the time of `vmlet ls`. */
function filesOf(directory: string): (name: string) => string {
  return (name) => `${directory}/${name}`;
}
