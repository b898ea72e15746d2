import type { Compression } from '../formats/compression.ts';
import type { ExpectedDigest } from '../digest/digest.ts';

/** A file that was downloaded or imported. */
export interface TransferredFile {
  readonly path: string;
  /** Size of the file at `path`. */
  readonly bytes: number;
  /** SHA-256 of the file at `path`, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Compression of the published file. */
  readonly compression: Compression;
  /** The verified digest of the published file; undefined if none was given. */
  readonly verified: ExpectedDigest | undefined;
}

export interface DownloadedFile extends TransferredFile {
  /** URL after redirects, without user name and password. */
  readonly url: string;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}
