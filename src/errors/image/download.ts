import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** Reason of a failed download, for programs. */
export type DownloadFailure =
  /** The server answered with an error; `status` has its code. */
  | 'status'
  /** A redirect loop, or a redirect to a place that is missing or not allowed. */
  | 'redirect'
  /** The server sent a web page instead of the file. */
  | 'html'
  /** The connection ended before the file was complete. */
  | 'lost'
  /** No data arrived for too long. */
  | 'stalled'
  /** The transfer is too slow to finish. */
  | 'slow'
  /** Connection refused. */
  | 'refused'
  /** The host name cannot be resolved. */
  | 'name'
  | 'unreachable'
  | 'tls'
  | 'proxy'
  /** The server violates HTTP. */
  | 'protocol'
  /** Larger than the caller's limit. */
  | 'too-large'
  /** Not compressed as expected, corrupt, or empty when unpacked. */
  | 'compression';

/** A download failed. `url` contains no user name or password. */
export class DownloadError extends VmletError {
  override readonly code = 'VMLET_DOWNLOAD_FAILED';
  readonly url: string;
  readonly reason: DownloadFailure;
  /** HTTP status of the server's answer when it was an error. */
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

/** A file differs from its publisher's digest. `what` is an address or a path. */
export class DigestMismatchError extends VmletError {
  override readonly code = 'VMLET_DIGEST_MISMATCH';
  readonly what: string;
  readonly algorithm: string;
  /** Both digests are in lower-case hexadecimal. */
  readonly expected: string;
  readonly received: string;

  constructor(what: string, algorithm: string, expected: string, received: string, hint?: string) {
    super(`${what}: checksum mismatch: expected ${algorithm} ${expected}, got ${received}`, {
      hint:
        hint ??
        'check that the publisher still publishes the expected checksum, and download the file again; if the error persists, do not use the file',
    });
    this.what = what;
    this.algorithm = algorithm;
    this.expected = expected;
    this.received = received;
  }
}
