import { parseAddress, printable } from './download-address.ts';
import { interpretAnswer } from './answer-meaning.ts';
import { HttpClient } from './http-client.ts';
import { DEFAULT_LIMITS, type TransferLimits } from './transfer-limits.ts';

export interface AnnouncedFile {
  /** URL after redirects, without user name and password. */
  readonly url: string;
  /** Undefined if the server does not tell. */
  readonly bytes: number | undefined;
}

export interface FetchSizeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<TransferLimits>;
}

/**
 * Asks a server for the size of a file, without its content. It is asked once: a person waits for the answer.
 * @throws InvalidInputError for a URL that is not http or https; DownloadError; the signal's reason.
 */
export async function fetchSize(
  address: string,
  { signal, limits }: FetchSizeOptions = {},
): Promise<AnnouncedFile> {
  const url = parseAddress(address);
  using client = new HttpClient({ ...DEFAULT_LIMITS, ...limits });
  const answer = await client.head(url, signal);
  answer.body.on('error', () => undefined).destroy();
  const meaning = interpretAnswer(answer, 0, undefined);
  if (meaning.kind === 'later') throw meaning.error;
  return {
    url: printable(answer.url),
    bytes: meaning.kind === 'whole' ? meaning.origin.totalBytes : undefined,
  };
}
