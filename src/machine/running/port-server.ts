import type { GuestAgent } from '../../guest/agent/agent.ts';
import { explainBindFailure, listenTcp } from '../../network/ports/host-port.ts';
import type { BoundForward, PortForward } from '../../network/ports/port.ts';
import { type GuestServer, createGuestServer } from './guest-server.ts';

/** A TCP port of the host that is served. */
interface PortServer extends GuestServer {
  readonly forward: BoundForward;
}

/**
 * Serves a TCP port of the host whose connections lead to a port of the guest.
 * @throws PortTakenError, PermissionError (a privileged port), InvalidInputError (an address that is not this host's).
 */
export async function servePort(agent: GuestAgent, asked: PortForward): Promise<PortServer> {
  const { hostAddress, hostPort: port = 0, guestPort } = asked;
  const guest = createGuestServer(agent, guestPort);
  try {
    const hostPort = await listenTcp(guest.server, hostAddress, port);
    return { ...guest, forward: { ...asked, hostPort, ephemeral: asked.hostPort === undefined } };
  } catch (error) {
    throw explainBindFailure(error, asked, port);
  }
}
