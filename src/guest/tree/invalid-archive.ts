import { GuestProtocolError } from '../../errors/index.ts';

/** The guest has sent a tar stream that is damaged or hostile. */
export function invalidArchive(problem: string, cause?: unknown): GuestProtocolError {
  return new GuestProtocolError(`cannot unpack the tar stream from the guest: ${problem}`, {
    hint: 'nothing was copied; check the tar program of the guest, and the files to copy',
    cause,
  });
}
