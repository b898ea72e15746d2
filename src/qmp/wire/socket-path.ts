import { type Socket, createConnection } from 'node:net';
import { InvalidInputError, QmpConnectError, isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { pause } from '../../util/time/pause.ts';
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';

const RETRY_MS = 20;

const explanations: Readonly<Record<string, readonly [problem: string, hint: string]>> = {
  ENOENT: ['no such socket', 'check the path, and check that the machine is running'],
  ECONNREFUSED: [
    'connection refused',
    'if this is the socket of a machine, its QEMU has exited: start the machine again; otherwise, check that the path is a socket',
  ],
  EACCES: ['permission denied', 'check the owner and the permissions of the socket and of its directories'],
  EAGAIN: [
    'too many waiting clients',
    'close other clients of this monitor; QEMU serves one client at a time',
  ],
  ENOTSOCK: ['not a socket', 'use the path of a QMP or guest agent socket'],
};

/**
 * Waits while the socket's queue is full.
 * @throws InvalidInputError for an invalid path, QmpConnectError, or the signal's reason.
 */
export async function connectToPath(path: string, limits: Limits): Promise<Socket> {
  const bytes = Buffer.byteLength(path);
  if (bytes === 0 || bytes > LONGEST_SOCKET_PATH || path.includes('\0')) {
    throw new InvalidInputError(
      'path',
      `invalid socket path ${JSON.stringify(path)} (${bytes} bytes): expected 1 to ${LONGEST_SOCKET_PATH} bytes without NUL`,
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
      // The kernel queues only one or two connections to QEMU; further clients wait here.
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
