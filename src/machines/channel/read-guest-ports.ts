import { type GuestPorts, queryGuestPorts } from '../../machine/qemu/guest-ports.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { withMonitor } from './monitor.ts';

/** Asks QEMU which agents are up in the guest. @throws MachineStateError, or the signal's reason. */
export async function readGuestPorts(definition: Definition, limits: Limits = {}): Promise<GuestPorts> {
  return withMonitor(definition, queryGuestPorts, limits);
}
