import { DownloadError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { printable } from './http/download-address.ts';
import { refuseHtmlContent } from './http/answer-meaning.ts';
import type { DigestingFile } from './digesting-file.ts';
import { explainFailure } from './http/explain-failure.ts';
import type { HttpAnswer } from './http/http-client.ts';
import type { Incoming } from './incoming.ts';
import type { TransferLimits } from './http/transfer-limits.ts';
import { Pace } from './http/pace.ts';
import { inSteps } from './progress-steps.ts';

export interface ReceiveOptions {
  /** Size of the whole file, if known. */
  readonly totalBytes: number | undefined;
  readonly maxBytes: number;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal | undefined;
  /** Called once with the first bytes; if it throws, the transfer fails. */
  readonly onHead: (head: Buffer) => void;
  /** Called with the size of the file, several times per second. */
  readonly onProgress: (bytes: number) => void;
}

/** How much of the beginning is checked before anything is written. */
const HEAD_BYTES = 512;

/**
 * Appends an answer's content to a file, including data that arrived right before a failure.
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
    throw new DownloadError(shown, 'lost', `${shown}: connection lost before the end of the file`, {
      hint: 'try again; the download resumes if the server supports it',
    });
  }
}

/** Writes each chunk as soon as it arrives. */
async function pump(
  incoming: Incoming,
  url: URL,
  file: DigestingFile,
  pace: Pace,
  options: ReceiveOptions,
): Promise<void> {
  let isChecked = file.bytes > 0;
  let head = Buffer.alloc(0);
  const report = inSteps(options.onProgress);
  const write = (chunk: Buffer): Promise<void> | undefined => {
    if (file.bytes + chunk.length > options.maxBytes) throw tooLarge(url, options.maxBytes);
    pace.pause();
    file.write(chunk);
    if (file.isBehind) return file.keepUp().then(() => pace.resume());
    pace.resume();
    report(file.bytes);
    return undefined;
  };
  const checkAndWrite = (): Promise<void> | undefined => {
    refuseHtmlContent(head, url);
    options.onHead(head);
    isChecked = true;
    return write(head);
  };
  await incoming.giveTo((chunk): Promise<void> | undefined => {
    if (isChecked) return write(chunk);
    head = Buffer.concat([head, chunk]);
    return head.length < HEAD_BYTES ? undefined : checkAndWrite();
  });
  // A shorter file is checked once it is complete; after a failure its few bytes are dropped.
  if (!isChecked) await checkAndWrite();
  options.onProgress(file.bytes);
}

function tooLarge(url: URL, maxBytes: number): DownloadError {
  const shown = printable(url);
  return new DownloadError(
    shown,
    'too-large',
    `${shown} is too large: vmlet downloads at most ${formatBytes(maxBytes)}`,
  );
}
