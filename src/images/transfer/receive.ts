import type { Readable } from 'node:stream';
import { DownloadError } from '../../errors.ts';
import { formatBytes } from '../disk-size.ts';
import { printable } from './address.ts';
import { refuseHtmlContent } from './answer.ts';
import type { DigestingFile } from './digesting-file.ts';
import { explainFailure } from './failure.ts';
import type { HttpAnswer } from './http-client.ts';
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

const BATCH_BYTES = 1024 * 1024;
/** From a slow server smaller batches come: they are on the disk when we are killed. */
const BATCH_MS = 250;
const ENOUGH_TO_JUDGE = 512;

/**
 * Writes an answer's content behind what the file has already. What came before a failure is in the file.
 * @throws DownloadError, NoSpaceError, or the signal's reason.
 */
export async function receive(
  answer: HttpAnswer,
  file: DigestingFile,
  options: ReceiveOptions,
): Promise<void> {
  const { body, url } = answer;
  const { signal } = options;
  using pace = new Pace(url, options.limits, (error) => body.destroy(error));
  try {
    await pump(body, url, file, pace, options);
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

async function pump(
  body: Readable,
  url: URL,
  file: DigestingFile,
  pace: Pace,
  options: ReceiveOptions,
): Promise<void> {
  const isNew = file.bytes === 0;
  let hasJudged = !isNew;
  let batch: Buffer[] = [];
  let batchBytes = 0;
  let flushedAt = performance.now();
  let written: Promise<void> = Promise.resolve();
  /** Writes one batch while the next comes. */
  const flush = async (): Promise<void> => {
    await pace.heldUpBy(written);
    options.onProgress(file.bytes + batchBytes);
    flushedAt = performance.now();
    if (batchBytes === 0) return;
    if (file.bytes + batchBytes > options.maxBytes) throw tooLarge(url, options.maxBytes);
    written = file.write(batch);
    // Seen when it is waited for.
    written.catch(() => undefined);
    batch = [];
    batchBytes = 0;
  };
  const judge = (): void => {
    const head = Buffer.concat(batch);
    refuseHtmlContent(head, url);
    options.onHead(head);
    hasJudged = true;
  };
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      pace.count(chunk.length);
      batch.push(chunk);
      batchBytes += chunk.length;
      if (!hasJudged && batchBytes >= ENOUGH_TO_JUDGE) judge();
      const isDue = batchBytes >= BATCH_BYTES || performance.now() - flushedAt > BATCH_MS;
      if (hasJudged && isDue) await flush();
    }
    if (!hasJudged) judge();
  } catch (error) {
    // What is lost with a connection is not what came over it.
    if (hasJudged) await flush();
    await written;
    throw error;
  }
  await flush();
  await flush();
}

function tooLarge(url: URL, maxBytes: number): DownloadError {
  const shown = printable(url);
  return new DownloadError(
    shown,
    'too-large',
    `${shown} is larger than the ${formatBytes(maxBytes)} allowed`,
  );
}
