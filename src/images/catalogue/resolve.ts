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
import {
  type FetchDocument,
  type FetchedDocument,
  PublisherDocuments,
  Unreachable,
} from './publisher-documents.ts';
import { verifyDetached, verifyInline, type Signed } from './signature.ts';
import { compilePattern, fill, placeholdersOf, type Words } from './entry-template.ts';

export interface ResolveOptions {
  /** Architecture of the guest, as in `x86_64`. */
  readonly architecture: string;
  readonly fetchDocument: FetchDocument;
  readonly signal?: AbortSignal | undefined;
}

/** An image of the catalogue in its currently published version. */
export interface ResolvedImage {
  readonly reference: string;
  /** The publisher's name of the build; undefined where there is none. */
  readonly version: string | undefined;
  /** URLs of the same file, to be tried in order. */
  readonly urls: readonly string[];
  /** Digest of the published file, before it is unpacked; in lower-case hexadecimal. */
  readonly digest: { readonly algorithm: DigestAlgorithm; readonly hex: string } | undefined;
  /** How the file is verified once its digest matches and `verifyImage` accepts it. */
  readonly verification: 'signed' | 'digest' | 'none';
  /** The full fingerprint of the key that the entry names. */
  readonly signedBy: string | undefined;
  /** A signature of the file itself, which `verifyImage` verifies later. */
  readonly fileSignature: FileSignature | undefined;
  readonly guest: GuestDescription;
  readonly format: 'qcow2' | 'raw';
  readonly compression: 'none' | 'xz' | 'gzip' | 'zstd' | 'bzip2';
  /** True when the publisher puts newer files at the same URL. */
  readonly moves: boolean;
}

export interface FileSignature {
  readonly bytes: Uint8Array;
  readonly signed: Signed;
}

/**
 * Looks up the URL, the digest and the signature of an image on its publisher's server. Mirrors are tried in order
 * until one has all documents; an invalid document is an error at once.
 * @throws InvalidInputError for an architecture without an image; PublisherDocumentError; SignatureError; what
 *   `fetchDocument` throws.
 */
export async function resolveEntry(entry: CatalogueEntry, options: ResolveOptions): Promise<ResolvedImage> {
  const words = wordsFor(entry, options.architecture);
  const sites = sitesOf(entry.mirrors);
  const fetchDocument = askingOnce(options.fetchDocument);
  let unreachable: Unreachable | undefined;
  for (const site of sites) {
    try {
      return await resolveAt(site, sites, entry, words, { ...options, fetchDocument });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      unreachable = error;
    }
  }
  throw unreachable?.reported ?? new TypeError('a catalogue entry has no download site');
}

/** Asks no address twice: mirrors of other publishers do not change an address, which would cost the wait again. */
function askingOnce(fetchDocument: FetchDocument): FetchDocument {
  const asked = new Map<string, Promise<FetchedDocument>>();
  return async (url, options) => {
    const answer = asked.get(url) ?? fetchDocument(url, options);
    asked.set(url, answer);
    return answer;
  };
}

/**
 * Checks, after a digest mismatch, whether the publisher has replaced the file since it was resolved.
 * @returns the error to throw then; undefined when the file was not replaced.
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
    // The mismatch is the more useful error.
    if (error instanceof VmletError) return undefined;
    throw error;
  }
  return now.digest?.hex === resolved.digest?.hex ? undefined : new ImageMovedError(resolved.reference);
}

function wordsFor(entry: CatalogueEntry, architecture: string): Words {
  const words = (entry.architectures as Readonly<Record<string, Words | undefined>>)[architecture];
  if (words !== undefined) return words;
  const problem = `the catalogue has no ${architecture} image of ${entry.reference}`;
  throw new InvalidInputError('architecture', problem, {
    hint: `use another image; this one exists only for ${Object.keys(entry.architectures).join(', ')}`,
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
  const { digest, groups } = await publishedDigest(entry, indexed, documents);
  const words = { ...indexed, ...groups };
  const url = filled(entry, entry.url, words);
  const { key, signature } = entry;
  return {
    reference: entry.reference,
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
  const problem = 'lists no image whose name matches the pattern in the catalogue';
  throw new PublisherDocumentError(reference, url, problem, {
    hint: 'try again later: the publisher may be replacing or renaming the files; if the error persists, update vmlet, or correct the entry if it is in your own catalogue',
  });
}

async function publishedDigest(
  entry: CatalogueEntry,
  words: Words,
  documents: PublisherDocuments,
): Promise<{ readonly digest: string | undefined; readonly groups: Words }> {
  const { digest, signature, key, reference } = entry;
  if (digest === undefined) return { digest: undefined, groups: {} };
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
  return { digest: hex, groups };
}

/** Fetches the image's signature before the image, so that a missing one is noticed early. */
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

/** Fills in a URL. A pattern's optional group may leave a word undefined. @throws PublisherDocumentError */
function filled(entry: CatalogueEntry, template: string, words: Words): string {
  const address = fill(template, words);
  const [open] = placeholdersOf(address);
  if (open === undefined) return address;
  throw new PublisherDocumentError(
    entry.reference,
    address,
    `cannot be fetched: the name of the publisher's newest file contains no value for {${open}}`,
    {
      hint: 'correct the pattern "newest" if the entry is in your own catalogue; otherwise update vmlet',
    },
  );
}

function versionOf({ version }: CatalogueEntry, words: Words): string | undefined {
  const told = version === undefined ? words['build'] : fill(version, words);
  return told === undefined || placeholdersOf(told).length > 0 ? undefined : told;
}
