import { type Socket, createConnection } from 'node:net';
import { InvalidInputError, QmpConnectError, isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { LONGEST_SOCKET_PATH } from '../../util/socket-limit.ts';

const explanations: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ['there is no such socket', 'the machine is not running, or its monitor is elsewhere'],
  ECONNREFUSED: ['nobody listens on it', 'its QEMU is gone and left the socket behind'],
  EACCES: ['permission denied', 'it belongs to another user'],
  EAGAIN: ['its queue is full', 'other clients hold this monitor; QEMU serves one at a time'],
  ENOTSOCK: ['it is not a socket', 'give the path of a QMP or guest agent socket'],
};

/** @throws InvalidInputError for a path that no socket can have, QmpConnectError, or the signal's reason. */
export async function connectToPath(path: string, limits: Limits): Promise<Socket> {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > LONGEST_SOCKET_PATH || path.includes('\0')) {
    throw new InvalidInputError(
      'path',
      `${JSON.stringify(path)} has ${bytes} bytes; a socket's path has 1 to ${LONGEST_SOCKET_PATH} and no NUL`,
    );
  }
  limits.signal?.throwIfAborted();
  const socket = createConnection({ path });
  const connected = deferred<undefined>();
  socket.once('connect', () => connected.resolve(undefined));
  socket.once('error', connected.reject);
  try {
    await withinLimits(`connecting to ${path}`, connected.promise, limits);
    socket.removeListener('error', connected.reject);
    return socket;
  } catch (error) {
    socket.destroy();
    if (!isSystemError(error)) throw error;
    const [problem, hint] = explanations[error.code ?? ''] ?? [error.message, undefined];
    throw new QmpConnectError(path, problem, { hint, cause: error });
  }
}
