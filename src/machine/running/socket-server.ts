import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import type { Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { isSystemError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { freeSocketPath } from '../../network/ports/free-socket-path.ts';
import { deniedSocket, existingSocket } from '../../network/ports/listen-failure.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';
import { type GuestServer, createGuestServer } from './guest-server.ts';

/** For this user alone. */
const MODE = 0o600;

/**
 * Serves a unix socket whose connections lead to a port of the guest; closing it removes the socket.
 * @throws InvalidInputError for a path that is in use or too long; PermissionError
 */
export async function serveSocket(
  agent: GuestAgent,
  { path, guestPort }: SocketForward,
  signal?: AbortSignal,
): Promise<GuestServer> {
  await freeSocketPath(path, signal);
  const guest = createGuestServer(agent, guestPort);
  await listen(guest.server, path);
  return guest;
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
