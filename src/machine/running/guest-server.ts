import { type Server, type Socket, createServer } from 'node:net';
import { VmletError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { GuestConnection } from '../../guest/agent/guest-connection.ts';

/** For a client to take the end of a connection that the guest has closed. */
const CLIENT_MS = 2000;

/** Clients of the host that are connected to a port of the guest. */
export interface GuestServer {
  /** The caller lets it listen. */
  readonly server: Server;
  /** Stops listening and ends the connections. */
  close(): Promise<void>;
}

/** Makes a server of this process whose connections lead to a TCP port of the guest's loopback interface. */
export function createGuestServer(agent: GuestAgent, guestPort: number): GuestServer {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    void relay(agent, client, guestPort);
  });
  // A client that cannot be accepted, as for lack of memory, is lost alone.
  server.once('listening', () => server.on('error', () => undefined));
  return {
    server,
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Leads one client to the guest, in both directions and with the ends of both. */
async function relay(agent: GuestAgent, client: Socket, port: number): Promise<void> {
  // A client that resets its connection closes it.
  client.on('error', () => client.destroy());
  let guest: GuestConnection;
  try {
    guest = await agent.connect(port);
  } catch (error) {
    client.destroy();
    // No server, no channel or no guest: the client sees the end of its connection.
    if (error instanceof VmletError) return;
    throw error;
  }
  client.once('close', guest.close);
  if (client.destroyed) return guest.close();
  guest.output.on('error', () => client.destroy());
  // The last bytes are written by then; a server that has ended its output may still read.
  guest.output.once('end', () => void guest.closed.then(() => endSoon(client)));
  client.pipe(guest.input);
  guest.output.pipe(client);
}

function endSoon(client: Socket): void {
  if (client.destroyed) return;
  const patience = setTimeout(() => client.destroy(), CLIENT_MS);
  client.once('close', () => clearTimeout(patience));
}
