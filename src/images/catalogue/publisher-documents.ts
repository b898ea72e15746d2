import { DownloadError, PublisherDocumentError, SignatureError, TimedOutError } from '../../errors/index.ts';
import type { Site } from './mirrors.ts';
import type { Signed } from './signature.ts';

/** How documents are fetched: `fetchDocument` of the transfer. */
export type FetchDocument = (
  url: string,
  options: { readonly maxBytes?: number; readonly signal?: AbortSignal | undefined },
) => Promise<FetchedDocument>;

export interface FetchedDocument {
  readonly bytes: Uint8Array;
  readonly url: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  readonly contentType: string | undefined;
}

/** Lists of whole archives are below this. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** A document did not come from one place; another one may have it. */
export class Unreachable extends Error {
  /** What the user is told when no place has it. */
  readonly reported: Error;

  constructor(reported: Error) {
    super('a document did not come');
    this.reported = reported;
  }
}

/** The documents that a publisher has about one image, from one place. */
export class PublisherDocuments {
  readonly #image: string;
  readonly #site: Site;
  readonly #fetch: FetchDocument;
  readonly #signal: AbortSignal | undefined;

  constructor(
    image: string,
    site: Site,
    options: { readonly fetchDocument: FetchDocument; readonly signal?: AbortSignal | undefined },
  ) {
    this.#image = image;
    this.#site = site;
    this.#fetch = options.fetchDocument;
    this.#signal = options.signal;
  }

  /** @throws Unreachable; PublisherDocumentError for what is not text, or a web page where none is expected. */
  async text(
    address: string,
    kind: 'page' | 'list' | 'json',
  ): Promise<FetchedDocument & { readonly text: string }> {
    const document = await this.#get(address, MAX_DOCUMENT_BYTES);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(document.bytes);
    } catch (error) {
      throw new PublisherDocumentError(this.#image, document.url, 'is not text', { cause: error });
    }
    if (kind !== 'page' && isWebPage(text)) {
      throw new PublisherDocumentError(
        this.#image,
        document.url,
        'is a web page, and was to be a list of digests or files',
        {
          hint: 'a proxy or a login of the network may stand in between',
        },
      );
    }
    return { ...document, text };
  }

  /** @throws SignatureError when there is none; Unreachable when it may be elsewhere. */
  async signature(address: string, signed: Signed): Promise<Uint8Array> {
    try {
      return (await this.#get(address, MAX_SIGNATURE_BYTES)).bytes;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const { image, url, key } = signed;
      const problem = `has to be signed, and its signature did not come from ${this.#site(address)}`;
      throw new Unreachable(
        new SignatureError(image, url, key.fingerprint, problem, { cause: error.reported }),
      );
    }
  }

  async #get(address: string, maxBytes: number): Promise<FetchedDocument> {
    try {
      return await this.#fetch(this.#site(address), { maxBytes, signal: this.#signal });
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw mayBeElsewhere(error) ? new Unreachable(error) : error;
    }
  }
}

/** A document that is too large is what it is: no other place is asked for it. */
function mayBeElsewhere(error: unknown): error is Error {
  if (error instanceof TimedOutError) return true;
  return error instanceof DownloadError && error.reason !== 'too-large';
}

function isWebPage(text: string): boolean {
  return /^\s*(<!doctype html|<html|<\?xml)/i.test(text);
}
