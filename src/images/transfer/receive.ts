import { DownloadError } from '../../errors.ts';
import { formatBytes } from '../disk-size.ts';
import { printable } from './address.ts';
import { refuseHtmlContent } from './answer.ts';
import type { DigestingFile } from './digesting-file.ts';
import { explainFailure } from './failure.ts';
import type { HttpAnswer } from './http-client.ts';
import type { Incoming } from './incoming.ts';
import type { TransferLimits } from './limits.ts';
import { Pace } from './pace.ts';

export interface ReceiveOptions {
  /** Of the whole file, where that is known. */
  readonly totalBytes: number | undefined;
  readonly maxBytes: number;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal | undefined;
  /** Looks at the first bytes, once; what it throws, the transfer fails with. */
  readonly onHead: (head: Buffer) => void;
  /** Called with the bytes that are there, some times a second. */
  readonly onProgress: (bytes: number) => void;
}

const ENOUGH_TO_JUDGE = 512;

/**
 * Writes what comes of an answer's content behind what the file has already. What came before a failure is in the file.
 * @throws DownloadError, NoSpaceError, or the signal's reason.
 */
export async function receive(
  { body, url }: HttpAnswer,
  incoming: Incoming,
  file: DigestingFile,
  options: ReceiveOptions,
): Promise<void> {
  const { signal } = options;
  using pace = new Pace(
    url,
    () => incoming.received,
    options.limits,
    (error) => body.destroy(error),
  );
  try {
    await pump(incoming, url, file, pace, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw explainFailure(error, url);
  } finally {
    body.on('error', () => undefined).destroy();
  }
  if (options.totalBytes !== undefined && file.bytes < options.totalBytes) {
    const shown = printable(url);
    throw new DownloadError(shown, 'lost', `${shown}: the connection was lost before the file was whole`);
  }
}

/** What comes is written, in batches, while the next one comes; what has come before a failure is written too. */
async function pump(
  incoming: Incoming,
  url: URL,
  file: DigestingFile,
  pace: Pace,
  options: ReceiveOptions,
): Promise<void> {
  let isJudged = file.bytes > 0;
  let written: Promise<void> = Promise.resolve();
  try {
    for (let isLast = false; !isLast;) {
      isLast = await incoming.wait(isJudged ? 1 : ENOUGH_TO_JUDGE);
      const batch = incoming.take();
      if (!isJudged) {
        const head = Buffer.concat(batch);
        // Of so little nothing can be told.
        if (incoming.failure !== undefined && head.length < ENOUGH_TO_JUDGE) break;
        refuseHtmlContent(head, url);
        options.onHead(head);
        isJudged = true;
      }
      await pace.heldUpBy(written);
      const bytes = file.bytes + batch.reduce((sum, { length }) => sum + length, 0);
      if (bytes > options.maxBytes) throw tooLarge(url, options.maxBytes);
      written = file.write(batch);
      // Seen when it is waited for.
      written.catch(() => undefined);
      options.onProgress(bytes);
    }
  } finally {
    incoming.stop();
    await written;
  }
  if (incoming.failure !== undefined) throw incoming.failure;
}

function tooLarge(url: URL, maxBytes: number): DownloadError {
  const shown = printable(url);
  return new DownloadError(
    shown,
    'too-large',
    `${shown} is larger than the ${formatBytes(maxBytes)} allowed`,
  );
}
