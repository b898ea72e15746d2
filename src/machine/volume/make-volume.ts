import { mkdirSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { VolumeExistsError, isSystemError } from '../../errors/index.ts';
import { makeExt4File } from '../../images/formats/ext4-file.ts';
import { requireProgram } from '../../process/program.ts';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { spaceFailure } from '../../util/files/write-failure.ts';
import { Scope } from '../../util/scope.ts';
import type { Locations } from '../paths/locations.ts';
import { claimDirectory, sweepDeadOwners } from '../paths/runtime-directory.ts';
import type { NamedVolume } from './named-volume.ts';
import { volumeFiles, volumeFilesIn, volumeStaging } from './volume-files.ts';

export type NewVolume = Pick<NamedVolume, 'name' | 'sizeBytes' | 'owner'>;

const LONGEST_LABEL = 16;

/**
 * Creates a volume, atomically.
 * @throws VolumeExistsError, MissingProgramError without e2fsprogs, NoSpaceError, PermissionError, or the signal's
 * reason.
 */
export async function makeVolume(
  locations: Locations,
  { name, sizeBytes, owner }: NewVolume,
  signal: AbortSignal | undefined,
): Promise<void> {
  const mke2fs = requireProgram(
    'mke2fs',
    'install the package e2fsprogs, which vmlet uses to format volumes',
  );
  await using scope = new Scope();
  const staged = volumeFilesIn(join(openVolumeStaging(locations, scope), 'volume'));
  try {
    mkdirSync(staged.directory, { mode: 0o700 });
    mkdirSync(staged.users, { mode: 0o700 });
    const label = name.slice(0, LONGEST_LABEL);
    await makeExt4File(mke2fs, { path: staged.disk, sizeBytes, label, owner, signal });
    const disk = await open(staged.disk);
    await disk.sync().finally(async () => disk.close());
    renameSync(staged.directory, volumeFiles(locations, name).directory);
    syncDirectory(locations.volumes);
  } catch (error) {
    if (isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw new VolumeExistsError(name);
    throw spaceFailure(error, locations.volumes);
  }
}

/** Opens a directory beside the volumes; those of dead owners are removed by the next call. */
export function openVolumeStaging(locations: Locations, scope: Scope): string {
  makeDirectories(locations.volumes);
  const parent = volumeStaging(locations);
  sweepDeadOwners(parent);
  return claimDirectory(parent, scope);
}
