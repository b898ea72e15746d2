import { DownloadError } from '../../errors/index.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { parseAddress, printable } from './http/download-address.ts';
import { explainFailure } from './http/explain-failure.ts';
import { type HttpAnswer, HttpClient } from './http/http-client.ts';
import { DEFAULT_LIMITS, type TransferLimits } from './http/transfer-limits.ts';

export interface FetchOptions {
  /** Limit for the size of the document; 1 MiB by default. */
  readonly maxBytes?: number;
  /** Limit for the whole request, in milliseconds; 60 000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with a sentence for notable events, such as a retry. */
  readonly log?: ((sentence: string) => void) | undefined;
  readonly limits?: Partial<TransferLimits>;
}

export interface Document {
  readonly bytes: Buffer;
  /** URL after redirects, without user name and password. */
  readonly url: string;
  readonly contentType: string | undefined;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Fetches a small document, such as a list of digests or a signature, into memory.
 * @throws InvalidInputError for a URL that is not http or https; DownloadError; TimedOutError; the signal's reason.
 */
export async function fetchDocument(address: string, options: FetchOptions = {}): Promise<Document> {
  const url = parseAddress(address);
  using client = new HttpClient({ ...DEFAULT_LIMITS, ...options.limits });
  const ended = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
  try {
    return await withinLimits(`fetching ${printable(url)}`, fetchFrom(client, url, signal, options), {
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      signal: options.signal,
    });
  } finally {
    ended.abort();
  }
}

async function fetchFrom(
  client: HttpClient,
  url: URL,
  signal: AbortSignal,
  options: FetchOptions,
): Promise<Document> {
  const answer = await client.get(url, {}, signal);
  if (answer.status !== 200) {
    answer.body.on('error', () => undefined).destroy();
    throw statusError(answer);
  }
  return {
    bytes: await readAll(answer, options.maxBytes ?? DEFAULT_MAX_BYTES, signal),
    url: printable(answer.url),
    contentType: answer.field('content-type'),
  };
}

async function readAll(answer: HttpAnswer, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        const shown = printable(answer.url);
        throw new DownloadError(
          shown,
          'too-large',
          `${shown} is too large: vmlet reads at most ${maxBytes} bytes`,
          { hint: 'correct the URL if it is in your own catalogue; otherwise update vmlet' },
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw explainFailure(error, answer.url);
  }
  return Buffer.concat(chunks);
}

function statusError(answer: HttpAnswer): DownloadError {
  const shown = printable(answer.url);
  return new DownloadError(shown, 'status', `${shown}: the server answered ${answer.status}`, {
    status: answer.status,
    hint: 'try again later; if the error persists, update vmlet, or correct the URL if it is in your own catalogue',
  });
}
