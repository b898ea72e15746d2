import { PoolNotFoundError, VmletError } from '../../errors/index.ts';
import { formatBytes, formatMoment } from '../../public/format.ts';
import type { NamedPool, PoolStatus } from '../../index.ts';

/** A pool as `pool ls` and `ls --all` show it. */
export interface PoolRow
  extends Pick<NamedPool, 'name' | 'image' | 'memoryBytes' | 'size' | 'createdAt'>, Partial<PoolStatus> {
  readonly pid: number;
  /** Why its numbers are missing. */
  readonly problem?: string;
}

/** A pool that does not answer must not delay the rest of a list for longer. */
const STATUS_MS = 5000;

export const POOL_HEADING = ['IMAGE', 'MEMORY', 'SIZE', 'WAITING', 'TAKEN', 'CREATED', 'PID'];
/** Columns of numbers, after that of the name. */
export const POOL_NUMBERS = [2, 3, 4, 5, 7];

/** Returns the pools that run now. */
export async function poolRows(): Promise<PoolRow[]> {
  const { listPools } = await import('../../public/pools.ts');
  const rows = await Promise.all(listPools().map(rowOf));
  return rows.filter((row) => row !== undefined);
}

/** @returns undefined for a pool that has just ended. */
async function rowOf(pool: NamedPool): Promise<PoolRow | undefined> {
  const { name, image, memoryBytes, size, createdAt } = pool;
  const row = { name, image, memoryBytes, size, createdAt, pid: pool.process.pid };
  try {
    return { ...row, ...(await pool.status({ timeoutMs: STATUS_MS })) };
  } catch (error) {
    if (error instanceof PoolNotFoundError) return undefined;
    if (error instanceof VmletError) return { ...row, problem: error.message };
    throw error;
  }
}

export function poolCells(row: PoolRow): string[] {
  return [
    row.name,
    row.image ?? '',
    formatBytes(row.memoryBytes),
    String(row.size),
    String(row.waiting ?? '?'),
    String(row.taken ?? '?'),
    formatMoment(row.createdAt),
    String(row.pid),
  ];
}
