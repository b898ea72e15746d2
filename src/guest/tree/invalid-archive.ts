import { GuestProtocolError } from '../../errors/index.ts';

const HINT = 'nothing was copied; check the tar program of the guest, and the files to copy';

/** The guest has sent a tar stream that is damaged or hostile, or that vmlet cannot unpack. */
export function invalidArchive(
  problem: string,
  { hint = HINT, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): GuestProtocolError {
  return new GuestProtocolError(`cannot unpack the tar stream from the guest: ${problem}`, { hint, cause });
}
