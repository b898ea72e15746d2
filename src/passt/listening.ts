import { takenPort } from '../network/ports/host-port.ts';
import type { BoundForward } from '../network/ports/port.ts';
import { countWaiting } from '../network/ports/socket-table.ts';

/**
 * Returns the forwards on which a process listens: passt does not report when it does, but the kernel's socket table shows
 * it.
 */
export function listeningAmong(forwards: readonly BoundForward[]): BoundForward[] {
  const count = countWaiting();
  return forwards.filter(({ hostAddress, hostPort, protocol }) => count(hostAddress, hostPort, protocol) > 0);
}

export function allListen(forwards: readonly BoundForward[]): boolean {
  return listeningAmong(forwards).length === forwards.length;
}

/**
 * passt's UDP sockets permit others to share their port, so two machines started at the same time would both
 * succeed.
 * @throws PortTakenError
 */
export function refuseSharedUdp(forwards: readonly BoundForward[]): void {
  const count = countWaiting();
  for (const { protocol, hostAddress, hostPort, ephemeral } of forwards) {
    if (protocol === 'udp' && count(hostAddress, hostPort, protocol) > 1) {
      throw takenPort(hostAddress, hostPort, protocol, ephemeral);
    }
  }
}
