import { takenPort } from '../network/ports/host-port.ts';
import type { BoundForward } from '../network/ports/port.ts';
import { waitingOn } from '../network/ports/socket-table.ts';

/** passt does not report when it listens; the kernel's socket table shows it. */
export function isListening({ hostAddress, hostPort, protocol }: BoundForward): boolean {
  return waitingOn(hostAddress, hostPort, protocol).length > 0;
}

/**
 * passt's UDP sockets permit others to share their port, so two machines started at the same time would both
 * succeed.
 * @throws PortTakenError
 */
export function refuseSharedUdp(forwards: readonly BoundForward[]): void {
  for (const { protocol, hostAddress, hostPort, ephemeral } of forwards) {
    if (protocol === 'udp' && waitingOn(hostAddress, hostPort, protocol).length > 1) {
      throw takenPort(hostAddress, hostPort, protocol, ephemeral);
    }
  }
}
