import { readEvents } from '../../machine/life/event-log.ts';
import { type GuestPorts, QGA_DEVICE, queryGuestPorts } from '../../machine/qemu/guest-ports.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { withMonitor } from './monitor.ts';

/** Asks QEMU which agents are up in the guest. @throws MachineStateError, or the signal's reason. */
export async function readGuestPorts(definition: Definition, limits: Limits = {}): Promise<GuestPorts> {
  return withMonitor(definition, queryGuestPorts, limits);
}

/** Returns when QEMU's agent opened its port, in milliseconds since 1970; undefined if the log of events does not say. */
export async function qgaOpenedAt({ files }: Definition): Promise<number | undefined> {
  let openedAt: number | undefined;
  for await (const { event, data, timestamp } of readEvents(files.events)) {
    if (event === 'VSERPORT_CHANGE' && data?.['id'] === QGA_DEVICE && data['open'] === true)
      openedAt = timestamp.seconds * 1000 + timestamp.microseconds / 1000;
  }
  return openedAt;
}
