import type { Logger } from 'pino';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { addImage } from '../store/add-image.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { fetchImageFile } from './fetch-image-file.ts';
import { checkGivenName } from '../store/given-name.ts';
import type { GuestDescription } from '../record/guest-description.ts';
import { type GuestOptions, parseGuestOptions } from '../record/guest-options.ts';
import type { DiskImage } from '../record/image.ts';
import type { ImageProgress } from './image-progress.ts';
import { formatPublishedDigest, parsePublishedDigest } from '../digest/published-digest.ts';
import type { PullPlaces } from './pull.ts';
import { pulledOrigin } from './pulled-origin.ts';
import { findPulled } from '../store/store.ts';
import { storeError } from '../store/store-error.ts';
import { tagImage } from '../store/tag-image.ts';

/** How an image that is not in the catalogue comes into the store. */
export interface NewImageOptions {
  /** What it will be called; an image that is called so loses the name. */
  readonly name: string;
  /** As in `sha256:…` or `sha512:…`, of the file as it is published; without it the file is taken as it comes. */
  readonly digest?: string | undefined;
  readonly guest?: GuestOptions | undefined;
  /**
   * Whether it may unpack to more than its header speaks of, and to more than half of the free space where it says
   * nothing; false by default.
   */
  readonly anySize?: boolean | undefined;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

/**
 * Gets an image from a web address, unpacked and converted where it has to be. One that was pulled with this digest
 * before is taken as it is.
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
  const known = digest && formatPublishedDigest(digest);
  try {
    const existing = await findSame(store, known, guest);
    if (existing) return await nameSame(store, existing, options);
    await using scope = new Scope();
    makeDirectories(store);
    const buildDirectory = await makeBuildDirectory(store, scope);
    // Whoever had to wait for another pull of the same file has the image now.
    let arrived: DiskImage | undefined;
    const file = await fetchImageFile({ urls: [url], digest, compression: 'auto' }, buildDirectory, scope, {
      image: name,
      partials,
      anySize: options.anySize,
      isStillNeeded: async () => (arrived = await findSame(store, known, guest)) === undefined,
      onProgress,
      signal,
      log,
    });
    if (file === undefined && arrived) return await nameSame(store, arrived, options);
    if (file === undefined) throw new TypeError('a download has ended without a file');
    onProgress?.({ image: name, phase: 'checking', fraction: 0 });
    return await addImage(file, {
      store,
      buildDirectory,
      names: [name],
      format: undefined,
      guest,
      origin: pulledOrigin(file, { verification: digest ? 'digest' : 'none', digest }),
      signal,
    });
  } catch (error) {
    throw storeError(error, store);
  } finally {
    onProgress?.({ image: name, phase: 'done', fraction: 1 });
  }
}

/** What is said of the guest is part of an image. */
async function findSame(
  store: string,
  publishedDigest: string | undefined,
  guest: GuestDescription,
): Promise<DiskImage | undefined> {
  const image = publishedDigest === undefined ? undefined : await findPulled(store, publishedDigest);
  return image?.kind === 'disk' && isSameGuest(image.guest, guest) ? image : undefined;
}

function isSameGuest(one: GuestDescription, other: GuestDescription): boolean {
  return (
    one.user === other.user &&
    one.firmware === other.firmware &&
    one.cpu === other.cpu &&
    one.provisioner === other.provisioner &&
    one.agent === other.agent
  );
}

async function nameSame(
  store: string,
  image: DiskImage,
  { name, signal }: NewImageOptions,
): Promise<DiskImage> {
  await tagImage(store, image.digest, name, { signal });
  return image;
}
