import { chmodSync } from 'node:fs';
import { once } from 'node:events';
import { type Server, Socket, createServer } from 'node:net';
import { InvalidInputError } from '../errors/index.ts';
import type { Scope } from '../util/scope.ts';
import { LONGEST_SOCKET_PATH } from '../util/socket-limit.ts';

/**
 * Listens until QEMU has connected, once. The path is gone after that, and when the scope closes.
 * @param path in a directory that only this user may enter.
 */
export async function acceptOnce(
  path: string,
  scope: Scope,
): Promise<{ readonly accepted: Promise<Socket> }> {
  const server = await listen(path, scope);
  return { accepted: accept(server, scope) };
}

/**
 * Two connected sockets, neither of which Node reads. Node cannot make a socket pair; a path that exists for a
 * moment can.
 */
export async function connectedPair(path: string, scope: Scope): Promise<readonly [Socket, Socket]> {
  const server = await listen(path, scope);
  const accepted = accept(server, scope);
  const one = new Socket();
  scope.defer(() => void one.destroy());
  one.pause();
  one.connect(path);
  await once(one, 'connect');
  return [one, await accepted];
}

async function listen(path: string, scope: Scope): Promise<Server> {
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH) {
    throw new InvalidInputError(
      'socket path',
      `${path} has ${Buffer.byteLength(path)} bytes; expected ${LONGEST_SOCKET_PATH} at most`,
      { hint: 'Point XDG_RUNTIME_DIR to a directory with a shorter path.' },
    );
  }
  // Whoever inherits an accepted socket reads it; Node must not take the first bytes.
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, 'listening');
  scope.defer(() => close(server));
  chmodSync(path, 0o600);
  return server;
}

async function accept(server: Server, scope: Scope): Promise<Socket> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  scope.defer(() => void socket.destroy());
  close(server);
  return socket;
}

/** Takes the path away with it. */
function close(server: Server): void {
  if (server.listening) server.close();
}
