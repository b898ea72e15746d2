/** How long a server may take, and how often it is asked again. */
export interface TransferLimits {
  /** Milliseconds until a connection stands, TLS included. */
  readonly connectMs: number;
  /** Milliseconds from the request to the whole head of the answer. */
  readonly headMs: number;
  /** Milliseconds without a byte of content. */
  readonly idleMs: number;
  /** A server that sends less than `slowBytes` in `slowMs` milliseconds is given up. */
  readonly slowBytes: number;
  readonly slowMs: number;
  /** Attempts that get no further than the ones before, in a row, until the transfer fails. */
  readonly attempts: number;
  /** Milliseconds before the second of them; doubled for each that follows, to `backoffMaxMs` at most. */
  readonly backoffMs: number;
  /** A server that asks for more patience than this by Retry-After does not get it. */
  readonly backoffMaxMs: number;
}

export const DEFAULT_LIMITS: TransferLimits = {
  connectMs: 20_000,
  headMs: 30_000,
  idleMs: 30_000,
  slowBytes: 64 * 1024,
  slowMs: 60_000,
  attempts: 4,
  backoffMs: 1000,
  backoffMaxMs: 30_000,
};

/** More than this is no image. */
export const DEFAULT_MAX_BYTES = 256 * 1024 ** 3;
export const DEFAULT_RESERVE_BYTES = 64 * 1024 * 1024;
