import { DownloadError, PublisherDocumentError, SignatureError, TimedOutError } from '../../errors/index.ts';
import type { Site } from './mirrors.ts';
import type { Signed } from './signature.ts';

/** Fetches a document; implemented by `fetchDocument` of the transfer. */
export type FetchDocument = (
  url: string,
  options: { readonly maxBytes?: number; readonly signal?: AbortSignal | undefined },
) => Promise<FetchedDocument>;

export interface FetchedDocument {
  readonly bytes: Uint8Array;
  readonly url: string;
  readonly contentType: string | undefined;
}

/** More than the lists of whole archives need. */
const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_SIGNATURE_BYTES = 64 * 1024;

/** A document could not be fetched from one site; another site may have it. */
export class Unreachable extends Error {
  /** The error to throw when no site has it. */
  readonly reported: Error;

  constructor(reported: Error) {
    super('a document could not be fetched');
    this.reported = reported;
  }
}

/** Fetches a publisher's documents about one image from one site. */
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

  /** @throws Unreachable; PublisherDocumentError for content that is not text, or for an unexpected web page. */
  async text(
    address: string,
    kind: 'page' | 'list' | 'json',
  ): Promise<FetchedDocument & { readonly text: string }> {
    const document = await this.#get(address, MAX_DOCUMENT_BYTES);
    let text: string;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(document.bytes);
    } catch (error) {
      throw new PublisherDocumentError(
        this.#image,
        document.url,
        'is not text, so it contains no list of digests or files',
        {
          hint: 'correct the URL if the entry is in your own catalogue; otherwise try again later, or update vmlet',
          cause: error,
        },
      );
    }
    if (kind !== 'page' && isWebPage(text)) {
      throw new PublisherDocumentError(
        this.#image,
        document.url,
        'is a web page instead of a list of digests or files',
        {
          hint: 'check whether a proxy or the login page of your network answered instead of the publisher',
        },
      );
    }
    return { ...document, text };
  }

  /** @throws Unreachable with a SignatureError, when another site may have the signature. */
  async signature(address: string, signed: Signed): Promise<Uint8Array> {
    try {
      return (await this.#get(address, MAX_SIGNATURE_BYTES)).bytes;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      const { image, url, key } = signed;
      const problem = `must be signed, but its signature could not be fetched: ${this.#site(address)}`;
      throw new Unreachable(
        new SignatureError(image, url, key.fingerprint, problem, {
          hint: 'check the network, or try again later: vmlet does not use this image without its signature',
          cause: error.reported,
        }),
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

/** True when another site may have the document. One that is too large will be so elsewhere. */
function mayBeElsewhere(error: unknown): error is Error {
  if (error instanceof TimedOutError) return true;
  return error instanceof DownloadError && error.reason !== 'too-large';
}

function isWebPage(text: string): boolean {
  return /^\s*(<!doctype html|<html|<\?xml)/i.test(text);
}
