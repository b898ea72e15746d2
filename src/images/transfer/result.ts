import type { Compression } from '../formats/compression.ts';
import type { ExpectedDigest } from '../digest/digest.ts';

/** A file that was fetched or imported. */
export interface TransferredFile {
  readonly path: string;
  /** Of the file at `path`. */
  readonly bytes: number;
  /** Of the file at `path`, in lower-case hexadecimal. */
  readonly sha256: string;
  /** What it was before it was unpacked. */
  readonly compression: Compression;
  /** The digest that was asked for and seen, of the file as it is published; undefined where none was asked for. */
  readonly verified: ExpectedDigest | undefined;
}

export interface DownloadedFile extends TransferredFile {
  /** Where the redirects led to, without a user's name and password. */
  readonly url: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}
