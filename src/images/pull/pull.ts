import type { Logger } from 'pino';
import { DigestMismatchError, DownloadError, ImageNotFoundError, TimedOutError } from '../../errors/index.ts';
import { Scope } from '../../util/scope.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { addImage } from '../store/add-image.ts';
import { makeBuildDirectory } from '../store/build-directory.ts';
import { type CatalogueEntry, openCatalogue } from '../catalogue/catalogue.ts';
import { type ResolvedImage, explainMismatch, resolveEntry } from '../catalogue/resolve.ts';
import { verifyImage } from '../catalogue/verify-image.ts';
import { type ImageAddress, fetchImageFile } from './fetch-image-file.ts';
import type { GuestDescription } from '../record/guest-description.ts';
import type { Image } from '../record/image.ts';
import { type ImageProgress, tellWait } from './image-progress.ts';
import { formatPublishedDigest } from '../digest/published-digest.ts';
import { pulledOrigin } from './pulled-origin.ts';
import { findImage, findPulled } from '../store/store.ts';
import { storeError } from '../store/store-error.ts';
import { tagImage } from '../store/tag-image.ts';
import { fetchDocument } from '../transfer/fetch-document.ts';

/** The directories and files that a pull uses. */
export interface PullPlaces {
  readonly store: string;
  /** Directory of interrupted downloads. */
  readonly partials: string;
  /** The catalogue shipped with vmlet. */
  readonly catalogue: string;
  /** The file with the user's own entries and mirrors. */
  readonly userCatalogue: string;
}

export interface PullOptions extends PullPlaces {
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
  /** As in `NewImageOptions`. */
  readonly anySize?: boolean | undefined;
  /**
   * The image that has the name now, returned when its publisher is unreachable or the catalogue has no such image.
   */
  readonly orElse?: Image | undefined;
  /** Use a stored image that has the catalogue's name, without asking its publisher; false by default. */
  readonly onlyMissing?: boolean | undefined;
  /** Called before a download; its rejection prevents it. */
  readonly checkGuest?: ((guest: GuestDescription) => Promise<unknown>) | undefined;
}

/** The architecture of the guests. */
export const HERE = 'x86_64';

/**
 * Pulls an image of the catalogue into the store, verified as its entry requires, and names it. An image already in
 * the store with the publisher's current digest is reused, if it is as well verified and its guest described in the same
 * way.
 * @param reference a name or an alias; the image gets both.
 * @throws ImageNotFoundError, CatalogueFileError, DownloadError, DigestMismatchError, SignatureError,
 *   ImageRefusedError, NoSpaceError, PermissionError, MissingProgramError, the reason of `checkGuest` or of the signal.
 */
export async function pullImage(reference: string, options: PullOptions): Promise<Image> {
  const { orElse, log, store } = options;
  try {
    options.onProgress?.({ image: reference, phase: 'looking for the image', fraction: 0 });
    const catalogue = await openCatalogue({ file: options.catalogue, userFile: options.userCatalogue });
    const entry = catalogue.find(reference);
    const stored = options.onlyMissing ? await findImage(store, entry.reference) : undefined;
    const named = stored && (await nameUnlessRemoved(store, stored, [reference], options));
    return named ?? (await pullEntry(entry, reference, options));
  } catch (error) {
    const isOutOfReach =
      error instanceof ImageNotFoundError || error instanceof DownloadError || error instanceof TimedOutError;
    if (!orElse || !isOutOfReach) throw storeError(error, store);
    log?.debug({ err: error }, 'pull failed; using the existing image');
    return orElse;
  } finally {
    options.onProgress?.({ image: reference, phase: 'done', fraction: 1 });
  }
}

async function pullEntry(entry: CatalogueEntry, reference: string, options: PullOptions): Promise<Image> {
  const { store, signal } = options;
  const resolving = { architecture: HERE, fetchDocument, signal };
  const resolved = await resolveEntry(entry, resolving);
  const names: [string, ...string[]] = [
    entry.reference,
    ...(reference === entry.reference ? [] : [reference]),
  ];
  const existing = await findPublished(store, resolved);
  if (existing) return nameAll(store, existing, names, options);
  await options.checkGuest?.(resolved.guest);
  await using scope = new Scope();
  makeDirectories(store);
  const buildDirectory = await makeBuildDirectory(store, scope);
  // If another pull of the same file was waited for, the image is now in the store.
  let arrived: Image | undefined;
  const fetching = fetchImageFile(addressOf(resolved), buildDirectory, scope, {
    ...options,
    image: reference,
    isStillNeeded: async () => (arrived = await findPublished(store, resolved)) === undefined,
  });
  const file = await fetching.catch(async (error: unknown) => {
    if (!(error instanceof DigestMismatchError)) throw error;
    throw (await explainMismatch(resolved, entry, resolving)) ?? error;
  });
  if (file === undefined) return await nameAll(store, arrived ?? missing(reference), names, options);
  options.onProgress?.({ image: reference, phase: 'checking', fraction: 0 });
  await verifyImage(resolved, file.path, { signal });
  return await addImage(file, {
    store,
    buildDirectory,
    names,
    format: resolved.format,
    guest: resolved.guest,
    origin: pulledOrigin(file, resolved),
    signal,
    onWait: tellWait(reference, options.onProgress),
  });
}

/** A signature covers the published file, which therefore must not be unpacked while it downloads. */
function addressOf({ urls, digest, compression, fileSignature }: ResolvedImage): ImageAddress {
  return { urls, digest, compression: fileSignature ? 'none' : compression };
}

async function findPublished(store: string, resolved: ResolvedImage): Promise<Image | undefined> {
  const { digest } = resolved;
  return digest && findPulled(store, formatPublishedDigest(digest), resolved);
}

async function nameAll(
  store: string,
  image: Image,
  names: readonly string[],
  { onProgress, signal }: PullOptions,
): Promise<Image> {
  for (const name of names) {
    if ((await findImage(store, name))?.digest !== image.digest)
      await tagImage(store, image.digest, name, { signal, onWait: tellWait(name, onProgress) });
  }
  return image;
}

/** Like `nameAll`. @returns undefined if another process has removed the image. */
async function nameUnlessRemoved(...args: Parameters<typeof nameAll>): Promise<Image | undefined> {
  return nameAll(...args).catch((error: unknown) => {
    if (error instanceof ImageNotFoundError) return undefined;
    throw error;
  });
}

function missing(reference: string): never {
  throw new ImageNotFoundError(reference, {
    hint: 'pull the image again: another process removed it during the pull',
  });
}
