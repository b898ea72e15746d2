import { createConnection } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { ConnectError, isSystemError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { keepReadingAfterFailedWrites } from '../../process/output/failed-writes.ts';
import { onAbort } from '../../util/time/on-abort.ts';

/** Ctrl-], as in telnet and virsh. */
const CTRL_RIGHT_BRACKET = 0x1d;

/**
 * Maximum number of bytes queued for a guest that does not read. Input is read until then, because it may
 * contain the escape byte.
 */
const MOST_UNSENT = 1024 * 1024;

/** Options of `attachConsole`. */
export interface AttachConsoleOptions {
  /**
   * Input bytes, unchanged, such as those of a terminal in raw mode. The end of the input does not close the
   * console.
   */
  readonly input: Readable;
  readonly output: Writable;
  /** The byte that leaves the console and is not sent; Ctrl-] by default, null for none. */
  readonly escape?: number | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `closed`: the machine has ended, or its keeper disconnected us because we were a megabyte behind. */
export type ConsoleEnd = 'detached' | 'closed';

/**
 * Connects input and output to a machine's serial console until either side disconnects. The streams stay
 * open and are not used afterwards.
 *
 * @throws ConnectError, or the signal's reason.
 */
export async function attachConsole(socketPath: string, options: AttachConsoleOptions): Promise<ConsoleEnd> {
  const { input, output, escape = CTRL_RIGHT_BRACKET, signal } = options;
  signal?.throwIfAborted();
  const ended = deferred<ConsoleEnd>();
  const connection = createConnection({ path: socketPath, allowHalfOpen: true });
  keepReadingAfterFailedWrites(connection);
  let connected = false;

  const typed = (chunk: Buffer | string): void => {
    const bytes = Buffer.from(chunk);
    const at = escape === null ? -1 : bytes.indexOf(escape);
    connection.write(at === -1 ? bytes : bytes.subarray(0, at));
    if (at !== -1) ended.resolve('detached');
    else if (connection.writableLength > MOST_UNSENT) input.pause();
  };
  const inputEnded = (): void => void connection.end();
  const drained = (): void => void connection.resume();
  const ignoreAbort = signal && onAbort(signal, ended.reject);

  connection.on('connect', () => {
    connected = true;
    input.on('data', typed);
    input.on('end', inputEnded);
  });
  connection.on('data', (chunk) => {
    if (!output.write(chunk)) connection.pause();
  });
  connection.on('drain', () => input.resume());
  connection.on('end', () => ended.resolve('closed'));
  connection.on('error', (error) => {
    if (connected) ended.resolve('closed');
    else ended.reject(explain(socketPath, error));
  });
  output.on('drain', drained);
  output.on('error', ended.reject);
  try {
    return await ended.promise;
  } finally {
    ignoreAbort?.();
    input.off('data', typed);
    input.off('end', inputEnded);
    input.pause();
    output.off('drain', drained);
    output.off('error', ended.reject);
    // Input typed before the escape may still be on its way. Do not wait for a guest that does not read it.
    connection.on('error', () => undefined);
    connection.destroySoon();
    connection.unref();
  }
}

function explain(path: string, error: Error): Error {
  if (!isSystemError(error)) return error;
  const problem = { ENOENT: 'no such socket', ECONNREFUSED: 'connection refused' }[error.code ?? ''];
  return new ConnectError(path, problem ?? error.message, {
    hint: 'check that the machine is running: vmlet ls',
    cause: error,
  });
}
