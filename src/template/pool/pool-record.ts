import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { isSystemError } from '../../errors/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';

const recordSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  /** Undefined for a template without an image. */
  image: z.string().optional(),
  /** Directory of its template; missing in a record of an older release. */
  template: z.string().optional(),
  memoryBytes: z.number(),
  size: z.int(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
});

/** The description of a pool that other processes find in its directory. */
export type PoolRecord = z.infer<typeof recordSchema>;

export function poolFiles(directory: string) {
  return { record: join(directory, 'pool.json'), socket: join(directory, 'pool.sock') };
}

/** Written when the pool listens, before it is full. */
export function writePoolRecord(directory: string, record: Omit<PoolRecord, 'version'>): void {
  exchangeFile(poolFiles(directory).record, JSON.stringify({ version: 1, ...record }));
}

/** @returns undefined without a valid record: the pool starts or ends now, or is of another release. */
export function readPoolRecord(directory: string): PoolRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(poolFiles(directory).record, 'utf8')));
  } catch (error) {
    if (isSystemError(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
