import type { Limits } from '../../util/time/deadline.ts';
import type { GuestAgentClient } from './guest-agent.ts';

/** Bytes in one message: the agent rejects 48 MiB and more, and answers nothing else meanwhile. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Reads a whole guest file. The limits apply to each message.
 * @throws the errors of `execute`; QmpRefusedError when it cannot be opened.
 */
export async function readGuestFile(
  client: GuestAgentClient,
  path: string,
  limits: Limits = {},
): Promise<Buffer> {
  return withHandle(client, path, 'r', limits, async (handle) => {
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = await client.execute('guest-file-read', { handle, count: PIECE_BYTES }, limits);
      pieces.push(Buffer.from(piece['buf-b64'], 'base64'));
      // The agent reports eof with the last bytes, or separately.
      if (piece.eof || piece.count === 0) return Buffer.concat(pieces);
    }
  });
}

/**
 * Writes a guest file, which is created or truncated. The limits apply to each message.
 * @throws the errors of `execute`; QmpRefusedError when it cannot be opened or written.
 */
export async function writeGuestFile(
  client: GuestAgentClient,
  path: string,
  content: Uint8Array,
  limits: Limits = {},
): Promise<void> {
  await withHandle(client, path, 'w', limits, async (handle) => {
    let at = 0;
    while (at < content.length) {
      const piece = Buffer.from(content.subarray(at, at + PIECE_BYTES)).toString('base64');
      const { count } = await client.execute('guest-file-write', { handle, 'buf-b64': piece }, limits);
      at += count;
    }
    await client.execute('guest-file-flush', { handle }, limits);
  });
}

async function withHandle<T>(
  client: GuestAgentClient,
  path: string,
  mode: string,
  limits: Limits,
  work: (handle: number) => Promise<T>,
): Promise<T> {
  const handle = await client.execute('guest-file-open', { path, mode }, limits);
  let result: T;
  try {
    result = await work(handle);
  } catch (error) {
    // The first failure is more informative than that of closing the file.
    await client.execute('guest-file-close', { handle }).catch(() => undefined);
    throw error;
  }
  await client.execute('guest-file-close', { handle }, limits);
  return result;
}
