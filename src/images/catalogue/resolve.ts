import {
  ImageMovedError,
  InvalidInputError,
  PublisherDocumentError,
  VmletError,
} from '../../errors/index.ts';
import type { GuestDescription } from '../record/guest-description.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { chooseDigest } from './choose-digest.ts';
import type { DigestAlgorithm } from './digest-list.ts';
import { decoded, linesOf, linkedNamesOf } from './listing.ts';
import { addressesOf, type Site, sitesOf } from './mirrors.ts';
import { newestOf } from './newest.ts';
import { PublisherDocuments, type FetchDocument, Unreachable } from './publisher-documents.ts';
import { verifyDetached, verifyInline, type Signed } from './signature.ts';
import { compilePattern, fill, placeholdersOf, type Words } from './template.ts';

export interface ResolveOptions {
  /** The guest's, as in `x86_64`. */
  readonly architecture: string;
  readonly fetchDocument: FetchDocument;
  readonly signal?: AbortSignal | undefined;
}

/** An image of the catalogue as its publisher has it just now. */
export interface ResolvedImage {
  readonly reference: string;
  readonly architecture: string;
  /** The publisher's name of the build; undefined where it is not told. */
  readonly version: string | undefined;
  /** The same file, to be tried in order. */
  readonly urls: readonly string[];
  /** Of the file as it is published, so of the compressed one where it is compressed; hexadecimal in small letters. */
  readonly digest: { readonly algorithm: DigestAlgorithm; readonly hex: string } | undefined;
  /** What the file reaches once it has the digest and `verifyImage` has let it through. */
  readonly verification: 'signed' | 'digest' | 'none';
  /** The whole fingerprint of the key that the entry names. */
  readonly signedBy: string | undefined;
  /** Over the file itself, and so not looked at yet: `verifyImage` does. */
  readonly fileSignature: FileSignature | undefined;
  readonly guest: GuestDescription;
  readonly format: 'qcow2' | 'raw';
  readonly compression: 'none' | 'xz' | 'gzip' | 'zstd' | 'bzip2';
  /** The publisher puts newer files at the same address. */
  readonly moves: boolean;
  /** Of the document that has the digest: another one means that there may be a newer image. */
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export interface FileSignature {
  readonly bytes: Uint8Array;
  readonly signed: Signed;
}

/**
 * Asks a publisher where an image is, what its digest is and whether that is signed. Mirrors are asked in order, and
 * the next one where a document does not come; one that comes and is wrong is an error at once.
 * @throws InvalidInputError for an architecture that there is no image for; PublisherDocumentError; SignatureError;
 * what `fetchDocument` throws.
 */
export async function resolveEntry(entry: CatalogueEntry, options: ResolveOptions): Promise<ResolvedImage> {
  const words = wordsFor(entry, options.architecture);
  const sites = sitesOf(entry.mirrors);
  let unreachable: Unreachable | undefined;
  for (const site of sites) {
    try {
      return await resolveAt(site, sites, entry, words, options);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      unreachable = error;
    }
  }
  throw unreachable?.reported ?? new TypeError('no site was asked');
}

/**
 * For a file that did not have its digest: whether the publisher has replaced it since it was resolved.
 * @returns the error to throw then; undefined when nothing has moved.
 */
export async function explainMismatch(
  resolved: ResolvedImage,
  entry: CatalogueEntry,
  options: ResolveOptions,
): Promise<ImageMovedError | undefined> {
  if (!resolved.moves) return undefined;
  let now: ResolvedImage;
  try {
    now = await resolveEntry(entry, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // That the digest is wrong says more than that the publisher does not answer any more.
    if (error instanceof VmletError) return undefined;
    throw error;
  }
  return now.digest?.hex === resolved.digest?.hex ? undefined : new ImageMovedError(resolved.reference);
}

function wordsFor(entry: CatalogueEntry, architecture: string): Words {
  const words = (entry.architectures as Readonly<Record<string, Words | undefined>>)[architecture];
  if (words !== undefined) return words;
  throw new InvalidInputError('architecture', `${entry.reference} has no image for ${architecture}`, {
    hint: `there is one for ${Object.keys(entry.architectures).join(' and ')}`,
  });
}

async function resolveAt(
  site: Site,
  sites: readonly Site[],
  entry: CatalogueEntry,
  ofArchitecture: Words,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const documents = new PublisherDocuments(entry.reference, site, options);
  const indexed = { ...ofArchitecture, ...(await newestInIndex(entry, ofArchitecture, documents)) };
  const { digest, groups, document } = await publishedDigest(entry, indexed, documents);
  const words = { ...indexed, ...groups };
  const url = filled(entry, entry.url, words);
  const { key, signature } = entry;
  return {
    reference: entry.reference,
    architecture: options.architecture,
    version: versionOf(entry, words),
    urls: addressesOf(url, sites, site),
    digest:
      digest === undefined || entry.digest === undefined
        ? undefined
        : { algorithm: entry.digest.algorithm, hex: digest },
    verification: signature !== undefined ? 'signed' : digest !== undefined ? 'digest' : 'none',
    signedBy: key?.fingerprint,
    fileSignature: await fileSignature(entry, words, url, documents),
    guest: {
      user: entry.user,
      firmware: options.architecture === 'x86_64' ? entry.firmware : 'uefi',
      cpu: entry.cpu,
      provisioner: entry.provisioner,
      agent: false,
    },
    format: entry.format,
    compression: entry.compression,
    moves: placeholdersOf(entry.url).every((word) => word in ofArchitecture),
    etag: document?.etag,
    lastModified: document?.lastModified,
  };
}

async function newestInIndex(
  { index, reference }: CatalogueEntry,
  words: Words,
  documents: PublisherDocuments,
): Promise<Words> {
  if (index === undefined) return {};
  const { text, url } = await documents.text(
    fill(index.url, words),
    index.form === 'links' ? 'page' : 'list',
  );
  const names = index.form === 'lines' ? linesOf(text) : linkedNamesOf(text);
  const [newest] = newestOf(names, (name) => name, compilePattern(index.newest, words));
  if (newest !== undefined) return newest.groups;
  throw new PublisherDocumentError(reference, url, 'names no such image', {
    hint: 'its publisher may name files in another way now, or is about to change them: try again later',
  });
}

async function publishedDigest(
  entry: CatalogueEntry,
  words: Words,
  documents: PublisherDocuments,
): Promise<{
  readonly digest: string | undefined;
  readonly groups: Words;
  readonly document:
    { readonly etag: string | undefined; readonly lastModified: string | undefined } | undefined;
}> {
  const { digest, signature, key, reference } = entry;
  if (digest === undefined) return { digest: undefined, groups: {}, document: undefined };
  const address = filled(entry, digest.url, words);
  const document = await documents.text(address, digest.form === 'debian-json' ? 'json' : 'list');
  let { text } = document;
  if (signature !== undefined && key !== undefined && signature.form !== 'image') {
    const signed: Signed = { image: reference, url: document.url, key };
    if (signature.form === 'inline') text = await verifyInline(text, signed);
    else {
      const beside = await documents.signature(filled(entry, signature.url, words), signed);
      await verifyDetached(document.bytes, beside, signed);
    }
  }
  const pattern = digest.newest === undefined ? undefined : compilePattern(digest.newest, words);
  const name = decoded(fill(entry.url, words).split(/[?#]/)[0]?.split('/').at(-1) ?? '');
  const { hex, groups } = chooseDigest(text, digest, pattern ?? name, {
    image: reference,
    url: document.url,
  });
  return { digest: hex, groups, document };
}

/** It is fetched before the image: where it is missing, that is known early. */
async function fileSignature(
  entry: CatalogueEntry,
  words: Words,
  url: string,
  documents: PublisherDocuments,
): Promise<FileSignature | undefined> {
  const { signature, key } = entry;
  if (signature?.form !== 'image' || key === undefined) return undefined;
  const signed: Signed = { image: entry.reference, url, key };
  return { bytes: await documents.signature(filled(entry, signature.url, words), signed), signed };
}

/** An address without open words: a pattern may have caught less than it could. */
function filled(entry: CatalogueEntry, template: string, words: Words): string {
  const address = fill(template, words);
  const [open] = placeholdersOf(address);
  if (open === undefined) return address;
  throw new PublisherDocumentError(
    entry.reference,
    address,
    `cannot be asked for: its publisher does not tell {${open}}`,
  );
}

function versionOf({ version }: CatalogueEntry, words: Words): string | undefined {
  const told = version === undefined ? words['build'] : fill(version, words);
  return told === undefined || placeholdersOf(told).length > 0 ? undefined : told;
}
