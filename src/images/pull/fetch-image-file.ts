import type { Logger } from 'pino';
import { join } from 'node:path';
import { DownloadError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
import type { ImageProgress } from './image-progress.ts';
import { transferProgress } from './transfer-progress.ts';
import { download } from '../transfer/download.ts';
import type { Compression } from '../formats/compression.ts';
import type { ExpectedDigest } from '../digest/digest.ts';
import type { DownloadedFile } from '../transfer/result.ts';

export interface ImageAddress {
  /** The same file at several places, asked in order. */
  readonly urls: readonly string[];
  readonly digest: ExpectedDigest | undefined;
  readonly compression: 'auto' | Compression;
}

export interface FetchImageOptions {
  /** Names it in progress. */
  readonly image: string;
  readonly partials: string;
  /** Whatever it says of its size; false by default. */
  readonly anySize?: boolean | undefined;
  /** Asked after another download of the same file was waited for. */
  readonly isStillNeeded: () => Promise<boolean>;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Logger | undefined;
}

const PHASES = { download: 'downloading', copy: 'unpacking', unpack: 'unpacking' } as const;

/** Ends a download that has become needless. */
class NotNeeded extends Error {}

/**
 * Downloads a disk into a build directory, from the first place that has it.
 * @param scope until it closes, nobody else downloads the same.
 * @returns undefined when it is not needed any more.
 * @throws what the last place's download throws.
 */
export async function fetchImageFile(
  address: ImageAddress,
  buildDirectory: string,
  scope: Scope,
  options: FetchImageOptions,
): Promise<DownloadedFile | undefined> {
  let failure: unknown = new TypeError('an image has no address');
  for (const url of address.urls) {
    try {
      return await fetchFrom(url, address, buildDirectory, scope, options);
    } catch (error) {
      if (error instanceof NotNeeded) return undefined;
      if (!(error instanceof DownloadError)) throw error;
      options.log?.debug({ err: error, url }, 'the next place is asked');
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
