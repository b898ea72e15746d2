import { chmodSync, linkSync } from 'node:fs';
import { once } from 'node:events';
import { type Server, createServer } from 'node:net';
import { InvalidInputError } from '../../errors/index.ts';
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';

const WHILE_LISTENING = '.new';

/** A listening socket whose only user will be another process. */
export interface ListeningSocket {
  /** For a program to inherit; it is open until the release. */
  readonly descriptor: number;
  /** Closes our copy. Call it once the program has inherited its own, and before a client connects. */
  readonly release: () => void;
}

/**
 * Creates a listening socket for a program that accepts by itself. Node accepts on every socket that it listens
 * on, even in its child's place, until it closes its copy; but closing removes the path. So the path that others
 * connect to is a second link.
 * @param path in a directory that only this user may enter.
 */
export async function listenForProgram(path: string): Promise<ListeningSocket> {
  const first = `${path}${WHILE_LISTENING}`;
  if (Buffer.byteLength(first) > LONGEST_SOCKET_PATH) {
    throw new InvalidInputError(
      'socket path',
      `${first} is too long: ${Buffer.byteLength(first)} bytes (limit: ${LONGEST_SOCKET_PATH})`,
      { hint: 'set XDG_RUNTIME_DIR to a directory with a shorter path' },
    );
  }
  const server = createServer();
  server.listen(first);
  await once(server, 'listening');
  try {
    chmodSync(first, 0o600);
    linkSync(first, path);
  } catch (error) {
    server.close();
    throw error;
  }
  return { descriptor: descriptorOf(server), release: () => void server.close() };
}

/** Node cannot pass listening sockets to programs; an undocumented property has the descriptor’s number (docs/decisions/002). */
function descriptorOf(server: Server): number {
  const { fd } = (server as unknown as { readonly _handle?: { readonly fd?: unknown } })._handle ?? {};
  if (typeof fd !== 'number' || fd < 0)
    throw new TypeError('this version of Node.js does not expose the descriptor of a listening socket');
  return fd;
}
