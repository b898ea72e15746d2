import { GuestProtocolError } from '../../errors/index.ts';

/** The guest has sent a tar stream that is damaged or hostile. */
export function invalidArchive(problem: string, cause?: unknown): GuestProtocolError {
  return new GuestProtocolError(`the guest has sent an invalid archive: ${problem}`, {
    hint: 'nothing was copied; check the files and the tar program in the guest',
    cause,
  });
}
