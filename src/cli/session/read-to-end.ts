import { type Readable, addAbortSignal } from 'node:stream';

const SLOW_MS = 3000;

/**
 * Reads a stream to its end.
 * @param whenSlow called once if it has not ended after three seconds.
 * @throws the stream's error, or the signal's reason.
 */
export async function readToEnd(
  stream: Readable,
  signal: AbortSignal,
  whenSlow: () => void,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const slow = setTimeout(whenSlow, SLOW_MS);
  try {
    for await (const chunk of addAbortSignal(signal, stream)) chunks.push(chunk as Uint8Array);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(slow);
  }
  return Buffer.concat(chunks);
}
