import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** No running pool has this name. */
export class PoolNotFoundError extends VmletError {
  override readonly code = 'VMLET_POOL_NOT_FOUND';
  readonly pool: string;

  constructor(pool: string, details: ErrorDetails = {}) {
    super(`no such pool: ${pool}`, {
      hint: 'list pools with: vmlet pool ls; create a pool with: vmlet pool create NAME',
      ...details,
    });
    this.pool = pool;
  }
}

/** The name of a new pool is taken. */
export class PoolExistsError extends VmletError {
  override readonly code = 'VMLET_POOL_EXISTS';
  readonly pool: string;

  constructor(pool: string) {
    super(`pool "${pool}" already exists`, {
      hint: `choose another name, or end the existing pool: vmlet pool rm ${pool}`,
    });
    this.pool = pool;
  }
}

/** A pool has no guest to give, or ended before it gave one. */
export class PoolFailedError extends VmletError {
  override readonly code = 'VMLET_POOL_FAILED';
  readonly pool: string;

  constructor(pool: string, problem: string, details: ErrorDetails = {}) {
    super(`pool "${pool}": ${problem}`, details);
    this.pool = pool;
  }
}
