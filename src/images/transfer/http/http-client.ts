import type { Readable } from 'node:stream';
import { DownloadError } from '../../../errors/index.ts';
import { authorizationFor, followRedirect, printable, REDIRECT_HINT } from './download-address.ts';
import { type Asking, ask } from './ask.ts';
import { explainFailure } from './explain-failure.ts';
import type { TransferLimits } from './transfer-limits.ts';
import { proxyFor } from './proxy-environment.ts';
import type { SocketReader } from './socket-reader.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface HttpAnswer {
  /** URL after redirects. */
  readonly url: URL;
  readonly status: number;
  /** Returns a header field by its lower-case name; the first one of a repeated field. */
  field(name: string): string | undefined;
  /** The content, without decoding. It has to be read to its end, or destroyed. */
  readonly body: Readable;
  /** A faster way to read a large content. */
  readonly reader: SocketReader | undefined;
}

/**
 * An HTTP client that uses the proxies of the environment. Each request has a connection of its own, which ends with
 * its answer or with the client.
 */
export class HttpClient implements Disposable {
  readonly #limits: TransferLimits;
  readonly #ended = new AbortController();

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /**
   * Requests a URL, and follows redirects.
   * @param headers fields to send, by their lower-case names.
   * @throws DownloadError, or the signal's reason. An error status does not throw.
   */
  async get(
    start: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    return this.#follow('GET', start, headers, signal);
  }

  /** The same for the header of an answer alone: its content is empty. */
  async head(start: URL, signal: AbortSignal | undefined): Promise<HttpAnswer> {
    return this.#follow('HEAD', start, {}, signal);
  }

  async #follow(
    method: Asking['method'],
    start: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const seen = new Set<string>();
    let url = start;
    for (;;) {
      seen.add(url.href);
      const answer = await this.#ask(method, url, headers, start, signal);
      if (!REDIRECTS.has(answer.status)) return answer;
      answer.body.on('error', () => undefined).destroy();
      url = followRedirect(url, answer.field('location'));
      if (seen.has(url.href)) {
        throw new DownloadError(
          printable(start),
          'redirect',
          `${printable(start)} has a redirect loop at ${printable(url)}`,
          { hint: REDIRECT_HINT },
        );
      }
      if (seen.size > MAX_REDIRECTS) {
        throw new DownloadError(
          printable(start),
          'redirect',
          `${printable(start)} redirects more than ${MAX_REDIRECTS} times`,
          { hint: REDIRECT_HINT },
        );
      }
    }
  }

  async #ask(
    method: Asking['method'],
    url: URL,
    headers: Readonly<Record<string, string>>,
    start: URL,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const authorization = authorizationFor(url, start);
    const proxy = proxyFor(url);
    try {
      const { message, reader } = await ask({
        method,
        url,
        proxy,
        headers: {
          'user-agent': 'vmlet',
          accept: '*/*',
          'accept-encoding': 'identity',
          ...headers,
          ...(authorization !== undefined && { authorization }),
        },
        limits: this.#limits,
        signal: signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal,
      });
      const field = (name: string): string | undefined => [message.headers[name]].flat()[0];
      return { url, status: message.statusCode ?? 0, field, body: message, reader };
    } catch (error) {
      signal?.throwIfAborted();
      throw explainFailure(error, url, proxy);
    }
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }
}
