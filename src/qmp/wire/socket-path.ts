import { type Socket, createConnection } from 'node:net';
import { InvalidInputError, QmpConnectError, isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { pause } from '../../util/time/pause.ts';
import { LONGEST_SOCKET_PATH } from '../../util/socket-limit.ts';

const RETRY_MS = 20;

const explanations: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ['there is no such socket', 'the machine is not running, or its monitor is elsewhere'],
  ECONNREFUSED: ['nobody listens on it', 'its QEMU is gone and left the socket behind'],
  EACCES: ['permission denied', 'it belongs to another user'],
  EAGAIN: ['its queue is full', 'other clients hold this monitor; QEMU serves one at a time'],
  ENOTSOCK: ['it is not a socket', 'give the path of a QMP or guest agent socket'],
};

/**
 * Waits for as long as more clients want the socket than its queue holds.
 * @throws InvalidInputError for a path that no socket can have, QmpConnectError, or the signal's reason.
 */
export async function connectToPath(path: string, limits: Limits): Promise<Socket> {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > LONGEST_SOCKET_PATH || path.includes('\0')) {
    throw new InvalidInputError(
      'path',
      `${JSON.stringify(path)} has ${bytes} bytes; a socket's path has 1 to ${LONGEST_SOCKET_PATH} and no NUL`,
    );
  }
  const { timeoutMs = Number.POSITIVE_INFINITY, signal } = limits;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const left = Math.max(Math.ceil(deadline - performance.now()), 1);
    try {
      return await connectOnce(path, {
        signal,
        timeoutMs: left === Number.POSITIVE_INFINITY ? undefined : left,
      });
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // The kernel lets no more than one or two wait for QEMU; the others stand in line here.
      if (error.code === 'EAGAIN' && performance.now() < deadline) {
        await pause(RETRY_MS, signal);
        continue;
      }
      const [problem, hint] = explanations[error.code ?? ''] ?? [error.message, undefined];
      throw new QmpConnectError(path, problem, { hint, cause: error });
    }
  }
}

/** @throws the system's error. */
async function connectOnce(path: string, limits: Limits): Promise<Socket> {
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
    throw error;
  }
}
