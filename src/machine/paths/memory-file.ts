import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { fileSystemOf } from '../../util/files/file-system.ts';
import { entriesOf } from '../../util/files/file-usage.ts';
import type { Scope } from '../../util/scope.ts';
import type { Locations } from './locations.ts';
import { claimDirectory, sweepDeadOwners } from './runtime-directory.ts';

/** The free space of the runtime directory is this many times the memory: other programs need it too. */
const SHARE_OF_FREE = 4;

/** The memory of a guest, in a directory of its own. */
export function memoryIn(directory: string): string {
  return join(directory, 'memory');
}

/**
 * Whether the runtime directory is in memory and has plenty of space for a guest's memory. Other guests with their memory
 * there count with all of it.
 */
export function hasRoomForMemory({ runtime }: Pick<Locations, 'runtime'>, bytes: number): boolean {
  const { isInMemory, freeBytes } = fileSystemOf(runtime);
  const others = entriesOf(runtime).map(
    (name) => statSync(memoryIn(join(runtime, name)), { throwIfNoEntry: false })?.size ?? 0,
  );
  const otherBytes = others.reduce((sum, size) => sum + size, 0);
  return isInMemory && freeBytes - otherBytes >= SHARE_OF_FREE * bytes;
}

/**
 * Creates a file for a guest's memory in the runtime directory, which is removed with the scope. The kernel needs ten
 * times as long for the first write to a page of a file on a disk.
 * @returns undefined where it has no room.
 */
export async function claimMemoryFile(
  locations: Pick<Locations, 'runtime'>,
  bytes: number,
  scope: Scope,
): Promise<string | undefined> {
  // Memory that a killed process left would take the space.
  sweepDeadOwners(locations.runtime);
  if (!hasRoomForMemory(locations, bytes)) return undefined;
  try {
    const path = memoryIn(claimDirectory(locations.runtime, scope));
    const file = await open(path, 'wx', 0o600);
    await file.truncate(bytes).finally(async () => file.close());
    return path;
  } catch (error) {
    // As with a limit on the size of files: memory on the disk may still be possible.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
