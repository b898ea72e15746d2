import { GuestFileError } from '../errors/index.ts';

/** The part of the agent that reads files of the guest. */
export interface GuestFiles {
  pull: (path: string, options: { readonly signal?: AbortSignal | undefined }) => AsyncIterable<Buffer>;
}

/**
 * Reads a file of the guest, which decides about its length.
 * @returns '' for a file that does not exist.
 * @throws GuestFileError, also for one with more than `mostBytes`, or the signal's reason.
 */
export async function readGuestText(
  guest: GuestFiles,
  path: string,
  { mostBytes, signal }: { readonly mostBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of guest.pull(path, { signal })) {
      bytes += chunk.length;
      if (bytes > mostBytes) throw new GuestFileError(path, 'EFBIG', 'the file is too large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof GuestFileError && error.errno === 'ENOENT') return '';
    throw error;
  }
  return Buffer.concat(chunks).toString();
}
