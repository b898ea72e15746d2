import { dirname } from 'node:path';
import { DownloadError } from '../../errors/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { printable } from './http/download-address.ts';
import { type AnswerMeaning, interpretAnswer } from './http/answer-meaning.ts';
import { Backoff } from './http/backoff.ts';
import { pause } from '../../util/time/pause.ts';
import type { DigestingFile } from './digesting-file.ts';
import { type HttpAnswer, HttpClient } from './http/http-client.ts';
import { Incoming } from './incoming.ts';
import { INTERRUPTIONS } from './interruption.ts';
import type { TransferLimits } from './http/transfer-limits.ts';
import { type PartialFile, type PartialOrigin, validatorOf } from './partial/partial-file.ts';
import { receive } from './receive.ts';
import { requireSpace } from './space.ts';

export interface FetchFileOptions {
  readonly maxBytes: number;
  readonly reserveBytes: number;
  readonly limits: TransferLimits;
  /** A digest is verified later, so a partial file may be resumed even without proof that it is of the same file. */
  readonly isDigestKnown: boolean;
  readonly signal: AbortSignal | undefined;
  readonly log: (sentence: string) => void;
  readonly onHead: (head: Buffer) => void;
  readonly onProgress: (bytes: number, totalBytes: number | undefined) => void;
}

export interface FetchedFrom {
  /** URL after redirects. */
  readonly url: URL;
  readonly origin: PartialOrigin;
  /** True when it was downloaded in several parts, which may be of different files. */
  readonly isPatched: boolean;
}

/**
 * Downloads a whole file, with as many requests as necessary. Resumes after the content of `file` if possible.
 * @throws DownloadError, NoSpaceError, or the signal's reason.
 */
export async function fetchFile(
  url: URL,
  partial: PartialFile,
  file: DigestingFile,
  options: FetchFileOptions,
): Promise<FetchedFrom> {
  using client = new HttpClient(options.limits);
  const fetching = new Fetching(client, url, partial, file, options);
  return await fetching.run();
}

class Fetching {
  readonly #client: HttpClient;
  readonly #url: URL;
  readonly #partial: PartialFile;
  readonly #file: DigestingFile;
  readonly #options: FetchFileOptions;
  readonly #backoff: Backoff;
  /** Origin of the bytes in the file. */
  #origin: PartialOrigin | undefined;
  #isPatched = false;

  constructor(
    client: HttpClient,
    url: URL,
    partial: PartialFile,
    file: DigestingFile,
    options: FetchFileOptions,
  ) {
    this.#client = client;
    this.#url = url;
    this.#partial = partial;
    this.#file = file;
    this.#options = options;
    this.#backoff = new Backoff(options.limits);
  }

  async run(): Promise<FetchedFrom> {
    await this.#resume();
    for (;;) {
      const before = this.#file.bytes;
      let afterMs: number | undefined;
      let failure: DownloadError;
      try {
        const result = await this.#attempt();
        if (result.kind === 'done') return result;
        failure = result.error;
        afterMs = result.afterMs;
      } catch (error) {
        if (!(error instanceof DownloadError) || !this.#isWorthAnotherTry(error)) throw error;
        failure = error;
      }
      // A server that sends a few bytes per connection would otherwise cause endless retries.
      if (this.#file.bytes - before >= this.#options.limits.slowBytes) this.#backoff.reset();
      const waitMs = this.#backoff.next(afterMs);
      if (waitMs === undefined) throw failure;
      this.#options.log(`${failure.message}; retrying in ${waitMs / 1000} s`);
      await pause(waitMs, this.#options.signal);
    }
  }

  /** Reads the content that an earlier run left. */
  async #resume(): Promise<void> {
    const { onProgress, onHead, log, isDigestKnown } = this.#options;
    this.#origin = await this.#partial.origin(isDigestKnown);
    if (!this.#isResumable()) return this.#restart();
    await this.#file.resume();
    if (this.#file.bytes === 0) return;
    try {
      onHead(this.#file.head);
    } catch {
      // A power cut may have damaged the beginning. That of the file itself is judged when it has come.
      return this.#restart();
    }
    onProgress(this.#file.bytes, this.#origin?.totalBytes);
    this.#isPatched = true;
    log(`${printable(this.#url)}: resuming after ${formatBytes(this.#file.bytes)}`);
  }

  async #attempt(): Promise<
    ({ readonly kind: 'done' } & FetchedFrom) | Extract<AnswerMeaning, { kind: 'later' }>
  > {
    if (!this.#isResumable()) await this.#restart();
    const { answer, meaning } = await this.#ask();
    if (meaning.kind === 'rest' || meaning.kind === 'whole') {
      // Before any await: data that was not read is lost with the connection.
      const incoming = new Incoming(answer);
      if (meaning.kind === 'whole') await this.#restart();
      await this.#receive(answer, incoming, meaning.origin);
    } else {
      discard(answer);
      if (meaning.kind === 'later') return meaning;
      if (meaning.kind === 'unusable') {
        await this.#restart();
        return this.#attempt();
      }
    }
    return {
      kind: 'done',
      url: answer.url,
      origin: this.#origin ?? NOTHING_KNOWN,
      isPatched: this.#isPatched,
    };
  }

  async #ask(): Promise<{ answer: HttpAnswer; meaning: AnswerMeaning }> {
    const { bytes } = this.#file;
    const validator = this.#origin && validatorOf(this.#origin);
    const headers = {
      ...(bytes > 0 && { range: `bytes=${bytes}-` }),
      ...(bytes > 0 && validator !== undefined && { 'if-range': validator }),
    };
    const answer = await this.#client.get(this.#url, headers, this.#options.signal);
    try {
      return { answer, meaning: interpretAnswer(answer, bytes, this.#origin) };
    } catch (error) {
      discard(answer);
      throw error;
    }
  }

  async #receive(answer: HttpAnswer, incoming: Incoming, origin: PartialOrigin): Promise<void> {
    const { maxBytes, reserveBytes, onProgress } = this.#options;
    const { totalBytes } = origin;
    this.#isPatched = this.#file.bytes > 0;
    try {
      if (totalBytes !== undefined && totalBytes > maxBytes) {
        const shown = printable(answer.url);
        const sizes = `${formatBytes(totalBytes)} (vmlet downloads at most ${formatBytes(maxBytes)})`;
        throw new DownloadError(shown, 'too-large', `${shown} is too large: ${sizes}`);
      }
      await requireSpace(
        dirname(this.#file.path),
        Math.max(0, (totalBytes ?? 0) - this.#file.bytes),
        reserveBytes,
      );
      this.#partial.describe(origin);
      this.#origin = origin;
    } catch (error) {
      discard(answer);
      throw error;
    }
    await receive(answer, incoming, this.#file, {
      ...this.#options,
      totalBytes,
      onProgress: (bytes) => onProgress(bytes, totalBytes),
    });
  }

  async #restart(): Promise<void> {
    this.#origin = undefined;
    this.#isPatched = false;
    await this.#partial.forget();
    await this.#file.truncate();
  }

  #isResumable(): boolean {
    if (!this.#origin) return false;
    return this.#options.isDigestKnown || validatorOf(this.#origin) !== undefined;
  }

  /** Whether to retry. A server that cannot be reached is retried only if it has sent data before. */
  #isWorthAnotherTry(error: DownloadError): boolean {
    if (error.reason === 'lost' || error.reason === 'stalled') return true;
    return INTERRUPTIONS.has(error.reason) && error.reason !== 'slow' && this.#file.bytes > 0;
  }
}

const NOTHING_KNOWN: PartialOrigin = { etag: undefined, lastModified: undefined, totalBytes: undefined };

/** Closes an answer without reading it. */
function discard(answer: HttpAnswer): void {
  answer.body.on('error', () => undefined).destroy();
}
