import { join } from 'node:path';
import { holdLock } from '../../process/lock/transient-lock.ts';
import type { Scope } from '../../util/scope.ts';
import { sha256 } from '../digest/sha256.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { parseAddress, printable } from './http/address.ts';
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
} from './http/limits.ts';
import type { TransferProgress } from './progress-steps.ts';
import { PartialFile } from './partial/partial-file.ts';
import { chooseUnpacking, publish } from './publish.ts';
import type { DownloadedFile } from './result.ts';
import { downloadedSubject } from './subject.ts';

export interface DownloadOptions {
  /** http or https. */
  readonly url: string;
  /** Where the file shall lie, in a directory that the caller owns; nothing is there before all is verified. */
  readonly to: string;
  /** Of the file as it is published, before it is unpacked. */
  readonly expected?: ExpectedDigest | undefined;
  /** A directory for what was interrupted, for a week; made where there is none. In the file system of `to`, nothing is copied. */
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
  /**
   * Whether it may unpack to more than its header speaks of, and to more than half of the free space where it says
   * nothing; false by default.
   */
  readonly anySize?: boolean | undefined;
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Called with one sentence for what is worth knowing, such as that a download is taken up again. */
  readonly log?: ((sentence: string) => void) | undefined;
  /** Called after another download of the same address was waited for; what it rejects with, `download` rejects with. */
  readonly afterWaiting?: (() => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<TransferLimits>;
}

/**
 * Fetches a large file. What an abort, a kill or a lost connection interrupts is taken up by the next call, where the
 * server can do that; after any other failure nothing is left.
 * @param scope until it closes, no other process downloads the same address into `partials`.
 * @throws DownloadError, DigestMismatchError, NoSpaceError, PermissionError, MissingProgramError, InvalidInputError, or
 *   the signal's reason.
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

/** Keeps others away from the address. */
async function reserve(
  url: URL,
  { partials, signal, log, afterWaiting }: DownloadOptions,
  scope: Scope,
): Promise<PartialFile> {
  const place = join(partials, sha256(url.href));
  let waited: boolean;
  try {
    makeDirectories(partials);
    await removeOldDownloads(partials);
    waited = await holdLock(`${place}.lock`, scope, {
      signal,
      onWait: () => log?.(`${printable(url)} is being downloaded by somebody else, who is waited for`),
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
          // By it the file will be known.
          if (compression === 'none') file.beginDigest('sha256');
        },
        onProgress: (bytes, totalBytes) => onProgress({ phase: 'download', bytes, totalBytes }),
      });
    let from = await fetchWhole();
    if (from.isPatched && expected && (await file.digest(expected.algorithm, signal)) !== expected.hex) {
      log(`${subject.shown}: its parts do not fit together, so it is fetched anew`);
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
