import { join } from 'node:path';
import { holdLock } from '../../process/lock/transient-lock.ts';
import type { Scope } from '../../util/scope.ts';
import { sha256 } from '../digest/sha256.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { parseAddress, printable } from './http/download-address.ts';
import type { Compression } from '../formats/compression.ts';
import { type ExpectedDigest, parseDigest } from '../digest/digest.ts';
import { DigestingFile } from './digesting-file.ts';
import { type FetchedFrom, fetchFile } from './fetch-file.ts';
import { isInterruption } from './interruption.ts';
import { removeOldDownloads } from './partial/kept-downloads.ts';
import {
  DEFAULT_LIMITS,
  DEFAULT_MAX_BYTES,
  DEFAULT_RESERVE_BYTES,
  type TransferLimits,
} from './http/transfer-limits.ts';
import type { TransferProgress } from './progress-steps.ts';
import { PartialFile } from './partial/partial-file.ts';
import { chooseUnpacking, publish } from './publish.ts';
import type { DownloadedFile } from './result.ts';
import { downloadedSubject } from './subject.ts';

export interface DownloadOptions {
  /** http or https. */
  readonly url: string;
  /** Path of the file, in a directory of the caller. The file appears only after it was verified. */
  readonly to: string;
  /** Digest of the published file, before it is unpacked. */
  readonly expected?: ExpectedDigest | undefined;
  /**
   * A directory for interrupted downloads, which are kept for a week; created if missing. If it is in the file system
   * of `to`, nothing is copied.
   */
  readonly partials: string;
  /**
   * 'auto' (the default) unpacks a compressed file, detected by its first bytes; 'none' never unpacks; a method
   * rejects files that are not compressed with it.
   */
  readonly decompress?: 'auto' | Compression;
  /** Limit for the size of the file, both compressed and unpacked; 256 GiB by default. */
  readonly maxBytes?: number;
  /** Bytes that have to stay free on the disk; 64 MiB by default. */
  readonly reserveBytes?: number;
  /**
   * Allow the file to unpack to more than its header announces, or, where it announces nothing, to more than half of
   * the free space; false by default.
   */
  readonly anySize?: boolean | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Called with a sentence for notable events, such as a resumed download. */
  readonly log?: ((sentence: string) => void) | undefined;
  /** Called once when another process downloads the same URL. */
  readonly onWait?: (() => void) | undefined;
  /** Called after waiting for another download of the same URL; `download` rejects if it rejects. */
  readonly afterWaiting?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<TransferLimits>;
}

/**
 * Downloads a large file. After an abort, a kill or a lost connection the next call resumes the download, if the
 * server supports that; after any other failure nothing remains.
 * @param scope until it closes, no other process downloads the same URL into `partials`.
 * @throws DownloadError, DigestMismatchError, NoSpaceError, PermissionError, MissingProgramError, InvalidInputError,
 *   or the signal's reason.
 */
export async function download(options: DownloadOptions, scope: Scope): Promise<DownloadedFile> {
  const url = parseAddress(options.url);
  const expected = options.expected && parseDigest(options.expected);
  const partial = await reserve(url, options, scope);
  try {
    return await fetchAndPublish(url, partial, { ...options, expected });
  } catch (error) {
    if (!isInterruption(error, options.signal) || (await partial.isEmpty())) await partial.remove();
    throw error;
  }
}

/** Locks the URL against other downloads. */
async function reserve(
  url: URL,
  { partials, signal, log, onWait, afterWaiting }: DownloadOptions,
  scope: Scope,
): Promise<PartialFile> {
  const place = join(partials, sha256(url.href));
  let waited: boolean;
  try {
    makeDirectories(partials);
    await removeOldDownloads(partials);
    waited = await holdLock(`${place}.lock`, scope, {
      signal,
      onWait: () => {
        log?.(`${printable(url)}: waiting for another process that is downloading this file`);
        onWait?.();
      },
    });
  } catch (error) {
    throw writeFailure(error, partials);
  }
  if (waited) await afterWaiting?.();
  return new PartialFile(place);
}

async function fetchAndPublish(
  url: URL,
  partial: PartialFile,
  options: DownloadOptions,
): Promise<DownloadedFile> {
  const { to, expected, decompress = 'auto', signal } = options;
  const subject = downloadedSubject(url);
  const onProgress = options.onProgress ?? (() => undefined);
  const log = options.log ?? (() => undefined);
  const common = {
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    reserveBytes: options.reserveBytes ?? DEFAULT_RESERVE_BYTES,
    signal,
  };
  const file = await DigestingFile.open(partial.path);
  try {
    const fetchWhole = async (): Promise<FetchedFrom> =>
      fetchFile(url, partial, file, {
        ...common,
        limits: { ...DEFAULT_LIMITS, ...options.limits },
        isDigestKnown: expected !== undefined,
        log,
        onHead: (head) => {
          const compression = chooseUnpacking(head, decompress, subject);
          if (expected) file.beginDigest(expected.algorithm);
          // The digest of the stored file.
          if (compression === 'none') file.beginDigest('sha256');
        },
        onProgress: (bytes, totalBytes) => onProgress({ phase: 'download', bytes, totalBytes }),
      });
    let from = await fetchWhole();
    if (from.isPatched && expected && (await file.digest(expected.algorithm, signal)) !== expected.hex) {
      log(`${subject.shown}: the resumed download is corrupt; downloading the whole file again`);
      await partial.forget();
      from = await fetchWhole();
    }
    const published = await publish(file, to, {
      ...common,
      subject,
      expected,
      decompress,
      anySize: options.anySize ?? false,
      onProgress,
    });
    await partial.forget();
    const { etag, lastModified } = from.origin;
    return { ...published, url: printable(from.url), etag, lastModified };
  } finally {
    await file.close();
  }
}
