import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { withMonitor } from './monitor.ts';

/** One of the two serial ports on which agents in the guest listen. */
export interface GuestPort {
  /** A program in the guest has opened it. What is sent before that is run later, or wedges the connection. */
  readonly open: boolean;
  /** Somebody on the host is connected. Each port has one client; others wait until it leaves. */
  readonly taken: boolean;
}

export interface GuestPorts {
  readonly vmlet: GuestPort;
  readonly qga: GuestPort;
}

/** QEMU's ids of their character devices, as `qemuArguments` and `namedArguments` have them. */
export const CHARDEVS = { vmlet: 'agent', qga: 'guest-agent' } as const;

/** Asks QEMU which agents have come up in the guest. @throws MachineStateError, or the signal's reason. */
export async function readGuestPorts(definition: Definition, limits: Limits = {}): Promise<GuestPorts> {
  const chardevs = await withMonitor(definition, async (qmp) => qmp.execute('query-chardev'), limits);
  const look = (label: string): GuestPort => {
    const found = chardevs.find((chardev) => chardev.label === label);
    // For a server without a client, the file name is its address with this before it (chardev/char-socket.c).
    const taken = found !== undefined && !found.filename.startsWith('disconnected:');
    return { open: found?.['frontend-open'] ?? false, taken };
  };
  return { vmlet: look(CHARDEVS.vmlet), qga: look(CHARDEVS.qga) };
}
