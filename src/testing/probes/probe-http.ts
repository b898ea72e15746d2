import { type IncomingMessage, get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { type Pattern, describePattern, matches } from './probe-pattern.ts';
import type { Look } from './wait-until.ts';

/** Time limit of one answer; a forwarder accepts connections even if the guest never answers. */
const ANSWER_MS = 5000;
const BODY_BYTES = 1024 * 1024;
const SHOWN_CHARACTERS = 200;

/** The answer of a web server. */
export interface HttpAnswer {
  readonly status: number;
  /** At most 1 MiB. */
  readonly body: string;
}

/** The expected answer of a web server. */
export interface HttpExpectation {
  /** 200 to 299 by default. Redirects are not followed. */
  readonly status?: number | undefined;
  readonly body?: Pattern | undefined;
}

/** Checks that a GET request from the host gets the expected answer. */
export function lookForAnswer(url: URL, { status, body }: HttpExpectation): Look<HttpAnswer> {
  return async (signal) => {
    const answer = await ask(url, signal, readAnswer);
    if (typeof answer === 'string') return { seen: answer };
    const isExpected =
      status === undefined ? answer.status >= 200 && answer.status < 300 : answer.status === status;
    if (isExpected && (body === undefined || matches(answer.body, body))) return { found: answer };
    return { seen: describeAnswer(answer, isExpected ? body : undefined) };
  };
}

/** Checks that a GET request from the host gets any answer; its body may never end. */
export function lookForAnyAnswer(url: URL): Look<undefined> {
  return async (signal) => {
    const problem = await ask(url, signal, () => undefined);
    return problem === undefined ? { found: undefined } : { seen: problem };
  };
}

/** @returns a description when there is no answer. */
async function ask<T>(
  url: URL,
  signal: AbortSignal,
  read: (response: IncomingMessage) => T,
): Promise<Awaited<T> | string> {
  const limit = AbortSignal.timeout(ANSWER_MS);
  try {
    const response = await request(url, AbortSignal.any([signal, limit]));
    try {
      return await read(response);
    } finally {
      response.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return `no answer from ${url.href} within ${ANSWER_MS / 1000} s`;
    return `${url.href}: ${(error as Error).message}`;
  }
}

function describeAnswer({ status, body }: HttpAnswer, missing: Pattern | undefined): string {
  const shown = body.length > SHOWN_CHARACTERS ? `${body.slice(0, SHOWN_CHARACTERS)}…` : body;
  const without = missing === undefined ? '' : `, which does not contain ${describePattern(missing)}`;
  return `status ${status} with the body ${JSON.stringify(shown)}${without}`;
}

/** Resolves with the answer's headers. */
async function request(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? httpsGet : httpGet;
  return new Promise((resolve, reject) => {
    // Without an agent the request has its own connection, which is closed afterwards.
    get(url, { agent: false, signal }, resolve).once('error', reject);
  });
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= BODY_BYTES) break;
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString().slice(0, BODY_BYTES) };
}
