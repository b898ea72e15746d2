import type { Scope } from '../../util/scope.ts';
import type { Compression } from './compression.ts';
import type { ExpectedDigest } from './digest.ts';
import type { TransferLimits } from './limits.ts';
import type { DownloadedFile } from './result.ts';

export interface DownloadOptions {
  /** http or https. */
  readonly url: string;
  /** Where the file shall lie, in a directory that the caller owns; nothing is there before all is verified. */
  readonly to: string;
  /** Of the file as it is published, before it is unpacked. */
  readonly expected?: ExpectedDigest | undefined;
  /** A directory for what was interrupted; made where there is none. In the file system of `to`, nothing is copied. */
  readonly partials: string;
  /**
   * 'auto' (the default) unpacks what is compressed, as its first bytes tell; 'none' leaves it as it is; a method
   * refuses what is not compressed by it.
   */
  readonly decompress?: 'auto' | Compression;
  /** More than this is refused, as it comes and unpacked; 256 GiB by default. */
  readonly maxBytes?: number;
  /** Bytes that stay free on the disk; 64 MiB by default. */
  readonly reserveBytes?: number;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Called with one sentence for what is worth knowing, such as that a download is taken up again. */
  readonly log?: ((sentence: string) => void) | undefined;
  /** Called after another download of the same address was waited for; what it rejects with, `download` rejects with. */
  readonly afterWaiting?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<TransferLimits>;
}

export interface TransferProgress {
  readonly phase: 'download' | 'copy' | 'unpack';
  /** Of this phase, those of an earlier run included. */
  readonly bytes: number;
  /** Undefined where it is not known. */
  readonly totalBytes: number | undefined;
}

/**
 * Fetches a large file. What an abort, a kill or a lost connection interrupts is taken up by the next call, where the
 * server can do that; after any other failure nothing is left.
 * @param scope until it closes, no other process downloads the same address into `partials`.
 * @throws DownloadError, DigestMismatchError, NoSpaceError, PermissionError, MissingProgramError, InvalidInputError, or
 *   the signal's reason.
 */
export declare function download(options: DownloadOptions, scope: Scope): Promise<DownloadedFile>;
