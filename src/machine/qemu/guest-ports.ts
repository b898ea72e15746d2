import type { QmpClient } from '../../qmp/index.ts';

/** A serial port on which an agent in the guest listens. */
export interface GuestPort {
  /** True when a program in the guest has opened it. Data sent earlier would run later, or wedge the connection. */
  readonly open: boolean;
}

export interface GuestPorts {
  /** The keeper is connected to it, and serves any number of clients. */
  readonly vmlet: GuestPort;
  /** It serves one client; others wait until that one disconnects. */
  readonly qga: GuestPort & { readonly taken: boolean };
}

/** QEMU's ids of their character devices, as in `qemuArguments` and `namedArguments`. */
export const CHARDEVS = { vmlet: 'agent', qga: 'guest-agent' } as const;

/** The device of QEMU's guest agent, as events name it. */
export const QGA_DEVICE = `${CHARDEVS.qga}-device`;

/** Asks QEMU which agents are up in the guest of a named machine. */
export async function queryGuestPorts(qmp: QmpClient): Promise<GuestPorts> {
  const chardevs = await qmp.execute('query-chardev');
  const look = (label: string): (typeof chardevs)[number] | undefined =>
    chardevs.find((chardev) => chardev.label === label);
  const [vmlet, qga] = [look(CHARDEVS.vmlet), look(CHARDEVS.qga)];
  // A server without a client has this prefix in its file name (chardev/char-socket.c).
  const taken = qga !== undefined && !qga.filename.startsWith('disconnected:');
  return {
    vmlet: { open: vmlet?.['frontend-open'] ?? false },
    qga: { open: qga?.['frontend-open'] ?? false, taken },
  };
}
