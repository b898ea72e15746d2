import { createReadStream } from 'node:fs';
import type { ResolvedImage, ResolveOptions } from './resolve.ts';
import { verifyDetached } from './signature.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Verifies a downloaded file whose publisher signs the file itself. Signed lists of digests were already verified when
 * the entry was resolved.
 * @throws SignatureError; the signal's reason.
 */
export async function verifyImage(
  { fileSignature: signature }: Pick<ResolvedImage, 'fileSignature'>,
  path: string,
  { signal }: Pick<ResolveOptions, 'signal'> = {},
): Promise<void> {
  if (signature === undefined) return;
  const chunks = readChunks(path, signal);
  try {
    await verifyDetached(chunks, signature.bytes, signature.signed);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    await chunks.return();
  }
}

/** Opens the file only when it is read, so that an error reaches the reader. */
async function* readChunks(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  signal?.throwIfAborted();
  yield* createReadStream(path, { signal, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Uint8Array>;
}
