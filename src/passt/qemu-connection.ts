import { chmodSync } from 'node:fs';
import { once } from 'node:events';
import { type Server, Socket, createServer } from 'node:net';
import { InvalidInputError } from '../errors/index.ts';
import type { Scope } from '../util/scope.ts';
import { LONGEST_SOCKET_PATH } from '../util/system/platform.ts';

/**
 * Listens until QEMU has connected, once. The socket file is removed then, or when the scope closes.
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
 * Returns two connected sockets that Node does not read from. Node cannot create a socket pair, but it can
 * connect through a path that exists briefly.
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
      `${path} is too long: ${Buffer.byteLength(path)} bytes (limit: ${LONGEST_SOCKET_PATH})`,
      { hint: 'set XDG_RUNTIME_DIR to a directory with a shorter path' },
    );
  }
  // The process that inherits an accepted socket reads it; Node must not consume the first bytes.
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

/** Also removes the path. */
function close(server: Server): void {
  if (server.listening) server.close();
}
