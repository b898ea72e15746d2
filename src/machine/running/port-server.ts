import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { explainBindFailure } from '../../network/ports/host-port.ts';
import type { BoundForward, PortForward } from '../../network/ports/port.ts';
import { type GuestServer, createGuestServer, outlastLostClients } from './guest-server.ts';

/** A TCP port of the host that is served. */
interface PortServer extends GuestServer {
  readonly forward: BoundForward;
}

/**
 * Serves a TCP port of the host whose connections lead to a port of the guest.
 * @throws PortTakenError, PermissionError (a privileged port), InvalidInputError (an address that is not this host's).
 */
export async function servePort(agent: GuestAgent, asked: PortForward): Promise<PortServer> {
  const { hostAddress: host, hostPort: port = 0, guestPort } = asked;
  const guest = createGuestServer(agent, guestPort);
  try {
    guest.server.listen({ host, port, exclusive: true, ipv6Only: true });
    await once(guest.server, 'listening');
  } catch (error) {
    throw explainBindFailure(error, asked, port);
  }
  outlastLostClients(guest);
  const { port: hostPort } = guest.server.address() as AddressInfo;
  return { ...guest, forward: { ...asked, hostPort, ephemeral: asked.hostPort === undefined } };
}
