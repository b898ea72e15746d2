import type { Logger } from 'pino';
import { join } from 'node:path';
import { DownloadError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import { type ImageProgress, tellWait } from './image-progress.ts';
import { transferProgress } from './transfer-progress.ts';
import { download } from '../transfer/download.ts';
import type { Compression } from '../formats/compression.ts';
import type { ExpectedDigest } from '../digest/digest.ts';
import type { DownloadedFile } from '../transfer/result.ts';

export interface ImageAddress {
  /** The addresses of the same file, tried in order. */
  readonly urls: readonly string[];
  readonly digest: ExpectedDigest | undefined;
  readonly compression: 'auto' | Compression;
}

export interface FetchImageOptions {
  /** Name of the image in progress reports. */
  readonly image: string;
  readonly partials: string;
  /** Accept any unpacked size; false by default. */
  readonly anySize?: boolean | undefined;
  /** Called after waiting for another download of the same file. */
  readonly isStillNeeded: () => Promise<boolean>;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

const PHASES = {
  download: 'downloading',
  copy: 'unpacking',
  check: 'checking',
  unpack: 'unpacking',
} as const;

/** Ends a download that is no longer needed. */
class NotNeeded extends Error {}

/**
 * Downloads a disk into a build directory, from the first address that works.
 * @param scope until it closes, no other process downloads the same file.
 * @returns undefined when the file is no longer needed.
 * @throws what the download from the last address throws.
 */
export async function fetchImageFile(
  address: ImageAddress,
  buildDirectory: string,
  scope: Scope,
  options: FetchImageOptions,
): Promise<DownloadedFile | undefined> {
  let failure: unknown = new TypeError('the image has no URL');
  for (const url of address.urls) {
    try {
      return await fetchFrom(url, address, buildDirectory, scope, options);
    } catch (error) {
      if (error instanceof NotNeeded) return undefined;
      if (!(error instanceof DownloadError)) throw error;
      options.log?.debug({ err: error, url }, 'trying the next address');
      failure = error;
    }
  }
  throw failure;
}

async function fetchFrom(
  url: string,
  { digest, compression }: ImageAddress,
  buildDirectory: string,
  scope: Scope,
  { image, partials, anySize, isStillNeeded, onProgress, signal, log }: FetchImageOptions,
): Promise<DownloadedFile> {
  return download(
    {
      url,
      to: join(buildDirectory, 'downloaded'),
      expected: digest,
      partials,
      decompress: compression,
      anySize,
      onWait: tellWait(image, onProgress),
      afterWaiting: async () => {
        if (!(await isStillNeeded())) throw new NotNeeded();
      },
      onProgress: transferProgress(image, PHASES, onProgress),
      signal,
      log: (sentence) => log?.debug(sentence),
    },
    scope,
  );
}
