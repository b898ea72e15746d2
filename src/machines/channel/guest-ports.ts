import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { withMonitor } from './monitor.ts';

/** One of the two serial ports on which agents in the guest listen. */
export interface GuestPort {
  /** A program in the guest has opened it. What is sent before that is run later, or wedges the connection. */
  readonly open: boolean;
}

export interface GuestPorts {
  /** The keeper is connected to it, and serves any number of clients. */
  readonly vmlet: GuestPort;
  /** It has one client; others wait until that leaves. */
  readonly qga: GuestPort & { readonly taken: boolean };
}

/** QEMU's ids of their character devices, as `qemuArguments` and `namedArguments` have them. */
export const CHARDEVS = { vmlet: 'agent', qga: 'guest-agent' } as const;

/** Asks QEMU which agents have come up in the guest. @throws MachineStateError, or the signal's reason. */
export async function readGuestPorts(definition: Definition, limits: Limits = {}): Promise<GuestPorts> {
  const chardevs = await withMonitor(definition, async (qmp) => qmp.execute('query-chardev'), limits);
  const look = (label: string): (typeof chardevs)[number] | undefined =>
    chardevs.find((chardev) => chardev.label === label);
  const [vmlet, qga] = [look(CHARDEVS.vmlet), look(CHARDEVS.qga)];
  // For a server without a client, the file name is its address with this before it (chardev/char-socket.c).
  const taken = qga !== undefined && !qga.filename.startsWith('disconnected:');
  return {
    vmlet: { open: vmlet?.['frontend-open'] ?? false },
    qga: { open: qga?.['frontend-open'] ?? false, taken },
  };
}
