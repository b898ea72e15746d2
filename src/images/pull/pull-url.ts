import type { Logger } from 'pino';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { addImage } from '../store/add-image.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { fetchImageFile } from './fetch-image-file.ts';
import { checkGivenName } from '../store/given-name.ts';
import { type GuestOptions, parseGuestOptions } from '../record/guest-options.ts';
import type { DiskImage } from '../record/image.ts';
import { type ImageProgress, tellWait } from './image-progress.ts';
import { formatPublishedDigest, parsePublishedDigest } from '../digest/published-digest.ts';
import type { PullPlaces } from './pull.ts';
import { pulledOrigin } from './pulled-origin.ts';
import { findPulled } from '../store/store.ts';
import { storeError } from '../store/store-error.ts';
import { tagImage } from '../store/tag-image.ts';

/** Options for an image that is not in the catalogue. */
export interface NewImageOptions {
  /** Name of the image, which an existing image of that name loses. */
  readonly name: string;
  /** Digest of the published file, as in `sha256:…` or `sha512:…`; without it the file is not verified. */
  readonly digest?: string | undefined;
  readonly guest?: GuestOptions | undefined;
  /**
   * Allow the file to unpack to more than its header announces, or, where it announces nothing, to more than half of
   * the free space; false by default.
   */
  readonly anySize?: boolean | undefined;
  /** Called as the download advances. */
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

/**
 * Downloads an image from a URL; unpacks and converts it as needed. An image already pulled with this digest is
 * reused.
 * @throws InvalidInputError, DownloadError, DigestMismatchError, ImageRefusedError, NoSpaceError, PermissionError,
 *   MissingProgramError, the signal's reason.
 */
export async function pullUrl(
  url: string,
  { store, partials }: Pick<PullPlaces, 'store' | 'partials'>,
  options: NewImageOptions,
): Promise<DiskImage> {
  const { name, onProgress, signal, log } = options;
  checkGivenName(name);
  const guest = parseGuestOptions(options.guest ?? {});
  const digest = options.digest === undefined ? undefined : parsePublishedDigest(options.digest);
  const findSame = async (): Promise<DiskImage | undefined> =>
    digest && findPulled(store, formatPublishedDigest(digest), { guest, verification: 'digest' });
  try {
    const existing = await findSame();
    if (existing) return await nameSame(store, existing, options);
    await using scope = new Scope();
    makeDirectories(store);
    const buildDirectory = await makeBuildDirectory(store, scope);
    // If another pull of the same file was waited for, the image is now in the store.
    let arrived: DiskImage | undefined;
    const file = await fetchImageFile({ urls: [url], digest, compression: 'auto' }, buildDirectory, scope, {
      image: name,
      partials,
      anySize: options.anySize,
      isStillNeeded: async () => (arrived = await findSame()) === undefined,
      onProgress,
      signal,
      log,
    });
    if (file === undefined && arrived) return await nameSame(store, arrived, options);
    if (file === undefined) throw new TypeError('a download ended without a file');
    onProgress?.({ image: name, phase: 'checking', fraction: 0 });
    return await addImage(file, {
      store,
      buildDirectory,
      names: [name],
      format: undefined,
      guest,
      origin: pulledOrigin(file, { verification: digest ? 'digest' : 'none', digest }),
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

async function nameSame(
  store: string,
  image: DiskImage,
  { name, onProgress, signal }: NewImageOptions,
): Promise<DiskImage> {
  await tagImage(store, image.digest, name, { signal, onWait: tellWait(name, onProgress) });
  return image;
}
