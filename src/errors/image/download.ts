import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** Why a file did not come: what programs tell apart. */
export type DownloadFailure =
  /** The server answered with a status that is none of a file; `status` has it. */
  | 'status'
  /** A redirect in a circle, to nowhere, or out of what is allowed. */
  | 'redirect'
  /** A page for a browser came in place of the file. */
  | 'html'
  /** The connection ended before the file was whole. */
  | 'lost'
  /** Nothing came for too long. */
  | 'stalled'
  /** It comes too slowly to ever end. */
  | 'slow'
  /** Nobody listens there. */
  | 'refused'
  /** The host's name is not known. */
  | 'name'
  | 'unreachable'
  | 'tls'
  | 'proxy'
  /** The server does not keep to HTTP. */
  | 'protocol'
  /** Larger than the caller allows. */
  | 'too-large'
  /** Not compressed as it should be, damaged inside, or empty there. */
  | 'compression';

/** A file could not be fetched from a web server. `url` has no user's name and password in it. */
export class DownloadError extends VmletError {
  override readonly code = 'VMLET_DOWNLOAD_FAILED';
  readonly url: string;
  readonly reason: DownloadFailure;
  /** The server's, where it answered with one that tells of a failure. */
  readonly status: number | undefined;

  constructor(
    url: string,
    reason: DownloadFailure,
    problem: string,
    details: ErrorDetails & { readonly status?: number | undefined } = {},
  ) {
    super(problem, details);
    this.url = url;
    this.reason = reason;
    this.status = details.status;
  }
}

/** What came is not what its publisher's digest tells. `what` is an address or a path. */
export class DigestMismatchError extends VmletError {
  override readonly code = 'VMLET_DIGEST_MISMATCH';
  readonly what: string;
  readonly algorithm: string;
  /** Both in lower-case hexadecimal. */
  readonly expected: string;
  readonly received: string;

  constructor(what: string, algorithm: string, expected: string, received: string, hint?: string) {
    super(`${what} is not the file that was expected: its ${algorithm} is ${received}, and not ${expected}`, {
      hint: hint ?? 'the file was changed on its way, or its publisher replaced it',
    });
    this.what = what;
    this.algorithm = algorithm;
    this.expected = expected;
    this.received = received;
  }
}
