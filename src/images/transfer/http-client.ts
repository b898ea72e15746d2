import type { Readable } from 'node:stream';
import type { EnvHttpProxyAgent, request } from 'undici';
import { DownloadError, InvalidInputError } from '../../errors.ts';
import { authorizationFor, followRedirect, printable } from './address.ts';
import { explainFailure } from './failure.ts';
import type { TransferLimits } from './limits.ts';

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface HttpAnswer {
  /** Where the redirects led to. */
  readonly url: URL;
  readonly status: number;
  /** A field of the head by its lower-case name; of one that was sent several times, the first. */
  field(name: string): string | undefined;
  /** As it was sent: no content encoding is undone. It has to be read to its end, or destroyed. */
  readonly body: Readable;
}

/** Asks web servers, by way of the proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name. */
export class HttpClient implements AsyncDisposable {
  readonly #agent: EnvHttpProxyAgent;
  readonly #request: typeof request;

  private constructor(agent: EnvHttpProxyAgent, requestFunction: typeof request) {
    this.#agent = agent;
    this.#request = requestFunction;
  }

  /** @throws InvalidInputError for a proxy that is no address. */
  static async open(limits: TransferLimits): Promise<HttpClient> {
    // Loaded only by what downloads.
    const undici = await import('undici');
    try {
      const agent = new undici.EnvHttpProxyAgent({
        connect: { timeout: limits.connectMs },
        headersTimeout: limits.headMs,
        bodyTimeout: limits.idleMs,
        // Proxies often let tunnels through to port 443 alone.
        proxyTunnel: false,
        pipelining: 0,
      });
      return new HttpClient(agent, undici.request);
    } catch (error) {
      throw new InvalidInputError('HTTP_PROXY, HTTPS_PROXY', 'one of them is not the address of a proxy', {
        hint: 'Write it as http://HOST:PORT.',
        cause: error,
      });
    }
  }

  /**
   * @param headers fields of the head to be sent, by their lower-case names.
   * @throws DownloadError, or the signal's reason. A status that tells of a failure is an answer like others.
   */
  async get(
    start: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const seen = new Set<string>();
    let url = start;
    for (;;) {
      seen.add(url.href);
      const answer = await this.#ask(url, headers, start, signal);
      if (!REDIRECTS.has(answer.status)) return answer;
      answer.body.on('error', () => undefined).destroy();
      url = followRedirect(url, answer.field('location'));
      if (seen.has(url.href)) {
        throw new DownloadError(
          printable(start),
          'redirect',
          `${printable(start)} redirects in a circle: ${printable(url)} comes again`,
        );
      }
      if (seen.size > MAX_REDIRECTS) {
        throw new DownloadError(
          printable(start),
          'redirect',
          `${printable(start)} redirects more than ${MAX_REDIRECTS} times`,
        );
      }
    }
  }

  async #ask(
    url: URL,
    headers: Readonly<Record<string, string>>,
    start: URL,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    signal?.throwIfAborted();
    const authorization = authorizationFor(url, start);
    try {
      const answer = await this.#request(printable(url), {
        dispatcher: this.#agent,
        headers: {
          'user-agent': 'vmlet',
          accept: '*/*',
          'accept-encoding': 'identity',
          ...headers,
          ...(authorization !== undefined && { authorization }),
        },
        signal: signal ?? null,
      });
      const field = (name: string): string | undefined => [answer.headers[name]].flat()[0];
      return { url, status: answer.statusCode, field, body: answer.body };
    } catch (error) {
      signal?.throwIfAborted();
      throw explainFailure(error, url);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
