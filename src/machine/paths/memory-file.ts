import { lstatSync, rmdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { PermissionError, isSystemError } from '../../errors/index.ts';
import { fileSystemOf } from '../../util/files/file-system.ts';
import { entriesOf } from '../../util/files/file-usage.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { Scope } from '../../util/scope.ts';
import type { Locations } from './locations.ts';
import { claimDirectory, isPrivateDirectory, sweepDeadOwners } from './runtime-directory.ts';

/** The free space is this many times the memory: other programs need it too. */
const SHARE_OF_FREE = 4;

/** The memory of a guest, in a directory of its own. */
export function memoryIn(directory: string): string {
  return join(directory, 'memory');
}

type Places = Pick<Locations, 'runtime' | 'sharedMemory'>;

/** Whether a directory in memory has plenty of space for a guest's memory. */
export function hasRoomForMemory(places: Places, bytes: number): boolean {
  return roomFor(places, bytes) !== undefined;
}

function roomFor({ runtime, sharedMemory }: Places, bytes: number): string | undefined {
  return [runtime, sharedMemory].find((directory) => hasRoom(directory, bytes));
}

/** Other guests with their memory in the directory count with all of it. */
function hasRoom(directory: string, bytes: number): boolean {
  const { isInMemory, freeBytes } = fileSystemOf(directory);
  if (!isInMemory || belongsToOthers(directory)) return false;
  const others = entriesOf(directory).map(
    (name) => unlessMissing(() => statSync(memoryIn(join(directory, name))).size) ?? 0,
  );
  const otherBytes = others.reduce((sum, size) => sum + size, 0);
  return freeBytes - otherBytes >= SHARE_OF_FREE * bytes;
}

/** Any user can create a directory in /dev/shm. */
function belongsToOthers(directory: string): boolean {
  return lstatSync(directory, { throwIfNoEntry: false }) !== undefined && !isPrivateDirectory(directory);
}

/**
 * Creates a file in memory for a guest's memory, which is removed with the scope. The kernel needs ten times as long for
 * the first write to a page of a file on a disk.
 * @returns undefined where there is no room.
 */
export async function claimMemoryFile(
  places: Places,
  bytes: number,
  scope: Scope,
): Promise<string | undefined> {
  // Memory that a killed process left would take the space.
  sweepDeadOwners(places.runtime);
  sweepDeadOwners(places.sharedMemory);
  const room = roomFor(places, bytes);
  if (room === undefined) return undefined;
  // Nothing else would remove the empty directory.
  if (room === places.sharedMemory) scope.defer(() => removeEmpty(room));
  try {
    const path = memoryIn(claimAgain(room, scope));
    const file = await open(path, 'wx', 0o600);
    await file.truncate(bytes).finally(async () => file.close());
    return path;
  } catch (error) {
    // As with a limit on the size of files: memory on the disk may still be possible.
    if (isSystemError(error) || error instanceof PermissionError) return undefined;
    throw error;
  }
}

/** Another process may remove the empty directory just before this one uses it. */
function claimAgain(room: string, scope: Scope): string {
  return unlessMissing(() => claimDirectory(room, scope)) ?? claimDirectory(room, scope);
}

/** Other processes may use it, or have removed it. */
function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
