import { DownloadError } from '../../errors/index.ts';
import { formatBytes } from '../qemu-img/disk-size.ts';
import { printable } from './http/address.ts';
import { refuseHtmlContent } from './http/answer.ts';
import type { DigestingFile } from './digesting-file.ts';
import { explainFailure } from './http/failure.ts';
import type { HttpAnswer } from './http/http-client.ts';
import type { Incoming } from './incoming.ts';
import type { TransferLimits } from './http/limits.ts';
import { Pace } from './http/pace.ts';
import { inSteps } from './progress-steps.ts';

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

/** What comes is written at once, before a failure too. */
async function pump(
  incoming: Incoming,
  url: URL,
  file: DigestingFile,
  pace: Pace,
  options: ReceiveOptions,
): Promise<void> {
  let isJudged = file.bytes > 0;
  let head = Buffer.alloc(0);
  const tell = inSteps(options.onProgress);
  const write = (chunk: Buffer): Promise<void> | undefined => {
    if (file.bytes + chunk.length > options.maxBytes) throw tooLarge(url, options.maxBytes);
    pace.holdUp();
    file.write(chunk);
    if (file.isBehind) return file.keepUp().then(() => pace.goOn());
    pace.goOn();
    tell(file.bytes);
    return undefined;
  };
  const judgeAndWrite = (): Promise<void> | undefined => {
    refuseHtmlContent(head, url);
    options.onHead(head);
    isJudged = true;
    return write(head);
  };
  await incoming.giveTo((chunk): Promise<void> | undefined => {
    if (isJudged) return write(chunk);
    head = Buffer.concat([head, chunk]);
    return head.length < ENOUGH_TO_JUDGE ? undefined : judgeAndWrite();
  });
  // After a failure nothing could be told of so little.
  if (!isJudged) await judgeAndWrite();
  options.onProgress(file.bytes);
}

function tooLarge(url: URL, maxBytes: number): DownloadError {
  const shown = printable(url);
  return new DownloadError(
    shown,
    'too-large',
    `${shown} is larger than the ${formatBytes(maxBytes)} allowed`,
  );
}
