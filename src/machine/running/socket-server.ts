import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { VmletError, isSystemError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { GuestConnection } from '../../guest/agent/guest-connection.ts';
import { freeSocketPath } from '../../network/ports/free-socket-path.ts';
import { deniedSocket, existingSocket } from '../../network/ports/listen-failure.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';

/** For this user alone. */
const MODE = 0o600;
/** For a client to take the end of a connection that the guest has closed. */
const CLIENT_MS = 2000;

/** A socket that is served. */
interface SocketServer {
  /** Removes the socket and ends its connections. */
  close(): Promise<void>;
}

/**
 * Serves a unix socket whose connections lead to a port of the guest.
 * @throws InvalidInputError for a path that is in use or too long; PermissionError
 */
export async function serveSocket(
  agent: GuestAgent,
  { path, guestPort }: SocketForward,
  signal?: AbortSignal,
): Promise<SocketServer> {
  await freeSocketPath(path, signal);
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    void relay(agent, client, guestPort);
  });
  await listen(server, path);
  // A client that cannot be accepted, as for lack of memory, is lost alone.
  server.on('error', () => undefined);
  return {
    close: async () => {
      for (const client of clients) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const listening = once(server, 'listening');
  // The file is made here and now, with a mode that no other user can connect with. A worker cannot change the umask.
  const umask = isMainThread ? process.umask(0o777 & ~MODE) : undefined;
  try {
    server.listen(path);
  } finally {
    if (umask !== undefined) process.umask(umask);
  }
  try {
    await listening;
  } catch (error) {
    if (isSystemError(error, 'EACCES', 'EPERM')) throw deniedSocket(path, error);
    if (isSystemError(error, 'EADDRINUSE')) throw existingSocket(path, error);
    throw error;
  }
  chmodSync(path, MODE);
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
