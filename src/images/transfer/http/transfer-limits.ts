/** Time limits for a server, and the number of retries. */
export interface TransferLimits {
  /** Milliseconds to connect, including TLS. */
  readonly connectMs: number;
  /** Milliseconds from the request to the header of the answer. */
  readonly headMs: number;
  /** Milliseconds without any content. */
  readonly idleMs: number;
  /** A transfer with less than `slowBytes` in `slowMs` milliseconds fails. */
  readonly slowBytes: number;
  readonly slowMs: number;
  /** Consecutive attempts without progress until the transfer fails. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; doubled for each further one, up to `backoffMaxMs`. */
  readonly backoffMs: number;
  /** Maximum delay. If Retry-After requests a longer one, the transfer fails. */
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

/** Larger than any image. */
export const DEFAULT_MAX_BYTES = 256 * 1024 ** 3;
export const DEFAULT_RESERVE_BYTES = 64 * 1024 * 1024;
