import { DownloadError } from '../../errors/index.ts';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { resolveEntry } from '../catalogue/resolve.ts';
import { fetchDocument } from '../transfer/fetch-document.ts';
import { type AnnouncedFile, fetchSize } from '../transfer/http/fetch-size.ts';
import { HERE, type PullPlaces } from './pull.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';

/** The file that a pull would download now. */
export interface PublishedImage extends AnnouncedFile {
  /** Its own name, even when it was found by an alias. */
  readonly reference: string;
  /** The publisher's name of the build; undefined where there is none. */
  readonly version: string | undefined;
}

type CataloguePlaces = Pick<PullPlaces, 'catalogue' | 'userCatalogue'>;

/** A document, its redirects and each mirror have limits of their own; a person waits for all of them. */
const PATIENCE_MS = 60_000;

/**
 * Asks the publisher of an image of the catalogue for the file that a pull would download, and for its size.
 * @param limits at most a minute by default.
 * @throws ImageNotFoundError, CatalogueFileError, PublisherDocumentError, SignatureError, DownloadError, TimedOutError,
 *   the signal's reason.
 */
export async function lookUpImage(
  reference: string,
  places: CataloguePlaces,
  { timeoutMs = PATIENCE_MS, signal }: Limits = {},
): Promise<PublishedImage> {
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([stop.signal, signal]) : stop.signal;
  try {
    const work = lookUp(reference, places, either);
    return await withinLimits(`asking the publisher of ${reference}`, work, { timeoutMs, signal });
  } finally {
    stop.abort();
  }
}

async function lookUp(
  reference: string,
  places: CataloguePlaces,
  signal: AbortSignal,
): Promise<PublishedImage> {
  const catalogue = await openCatalogue({ file: places.catalogue, userFile: places.userCatalogue });
  const entry = catalogue.find(reference);
  const { urls, version } = await resolveEntry(entry, { architecture: HERE, fetchDocument, signal });
  return { reference: entry.reference, version, ...(await firstAnswer(urls, signal)) };
}

/** Mirrors are asked in the order in which a pull would try them. */
async function firstAnswer(urls: readonly string[], signal: AbortSignal): Promise<AnnouncedFile> {
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
