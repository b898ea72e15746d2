import { DownloadError } from '../../errors/index.ts';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { resolveEntry } from '../catalogue/resolve.ts';
import { fetchDocument } from '../transfer/fetch-document.ts';
import { type AnnouncedFile, fetchSize } from '../transfer/http/fetch-size.ts';
import { HERE, type PullPlaces } from './pull.ts';

/** The file that a pull would download now. */
export interface PublishedImage extends AnnouncedFile {
  /** Its own name, even when it was found by an alias. */
  readonly reference: string;
  /** The publisher's name of the build; undefined where there is none. */
  readonly version: string | undefined;
}

/**
 * Asks the publisher of an image of the catalogue for the file that a pull would download, and for its size.
 * @throws ImageNotFoundError, CatalogueFileError, PublisherDocumentError, SignatureError, DownloadError, TimedOutError,
 *   the signal's reason.
 */
export async function lookUpImage(
  reference: string,
  places: Pick<PullPlaces, 'catalogue' | 'userCatalogue'>,
  signal?: AbortSignal,
): Promise<PublishedImage> {
  const catalogue = await openCatalogue({ file: places.catalogue, userFile: places.userCatalogue });
  const entry = catalogue.find(reference);
  const { urls, version } = await resolveEntry(entry, { architecture: HERE, fetchDocument, signal });
  return { reference: entry.reference, version, ...(await firstAnswer(urls, signal)) };
}

/** Mirrors are asked in the order in which a pull would try them. */
async function firstAnswer(urls: readonly string[], signal?: AbortSignal): Promise<AnnouncedFile> {
  let failure: unknown = new TypeError('the image has no URL');
  for (const url of urls) {
    try {
      return await fetchSize(url, { signal });
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      failure = error;
    }
  }
  throw failure;
}
