import { InvalidInputError, PoolExistsError } from '../../errors/index.ts';
import { listPools, requirePoolName } from './named-pools.ts';

const LARGEST_SIZE = 64;

/**
 * Checks a pool before its first guest boots.
 * @throws InvalidInputError, PoolExistsError when a pool of this name runs.
 */
export function checkNewPool(pool: { readonly name: string; readonly size?: number }): void {
  requirePoolName(pool.name);
  if (pool.size !== undefined) requirePoolSize(pool.size);
  if (listPools().some(({ name }) => name === pool.name)) throw new PoolExistsError(pool.name);
}

/** @throws InvalidInputError. */
export function requirePoolSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= LARGEST_SIZE) return;
  throw new InvalidInputError(
    'size',
    `invalid value ${size}: expected a whole number from 1 to ${LARGEST_SIZE}`,
  );
}
