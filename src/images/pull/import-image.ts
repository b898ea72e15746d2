import { join, resolve } from 'node:path';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { addImage } from '../store/add-image.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { checkGivenName } from '../store/given-name.ts';
import { parseGuestOptions } from '../record/guest-options.ts';
import type { DiskImage } from '../record/image.ts';
import { parsePublishedDigest } from '../digest/published-digest.ts';
import { tellWait } from './image-progress.ts';
import type { NewImageOptions } from './pull-url.ts';
import { storeError } from '../store/store-error.ts';
import { transferProgress } from './transfer-progress.ts';
import { importFile } from '../transfer/import-file.ts';

const PHASES = { download: 'copying', copy: 'copying', check: 'checking', unpack: 'unpacking' } as const;

/**
 * Creates an image from a local file, which is unpacked and converted as needed. The file itself is not changed.
 * @throws InvalidInputError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
 *   MissingProgramError, the signal's reason.
 */
export async function importImage(file: string, store: string, options: NewImageOptions): Promise<DiskImage> {
  const { name, onProgress, signal } = options;
  checkGivenName(name);
  const guest = parseGuestOptions(options.guest ?? {});
  const expected = options.digest === undefined ? undefined : parsePublishedDigest(options.digest);
  const path = resolve(file);
  try {
    await using scope = new Scope();
    makeDirectories(store);
    const buildDirectory = await makeBuildDirectory(store, scope);
    const arrived = await importFile({
      path,
      to: join(buildDirectory, 'imported'),
      expected,
      anySize: options.anySize,
      onProgress: transferProgress(name, PHASES, onProgress),
      signal,
    });
    onProgress?.({ image: name, phase: 'checking', fraction: 0 });
    return await addImage(arrived, {
      store,
      buildDirectory,
      names: [name],
      format: undefined,
      guest,
      origin: { kind: 'imported', file: path, verification: expected ? 'digest' : 'none' },
      signal,
      onProgress: (phase, fraction) => onProgress?.({ image: name, phase, fraction }),
      onWait: tellWait(name, onProgress),
    });
  } catch (error) {
    throw storeError(error, store);
  } finally {
    onProgress?.({ image: name, phase: 'done', fraction: 1 });
  }
}
