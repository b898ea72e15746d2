import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred } from '../../../util/time/deferred.ts';
import { onAbort } from '../../../util/time/on-abort.ts';

/** The page loads nothing from elsewhere, and is in no frame. noVNC and xterm set styles inline. */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Sets the headers of every answer. */
export function setHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
}

/** @param json of `JSON.stringify` or `formatLossless`. */
export function answerJsonText(response: ServerResponse, json: string, status = 200): void {
  answerBytes(response, 'application/json; charset=utf-8', Buffer.from(json), status);
}

/** Every JSON answer has the version of its shape. */
export function answerJson(response: ServerResponse, value: object, status = 200): void {
  answerJsonText(response, JSON.stringify({ version: 1, ...value }), status);
}

export function answerBytes(response: ServerResponse, type: string, bytes: Buffer, status = 200): void {
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length });
  response.end(bytes);
}

/** Sends a stream as the rest of an answer. @throws the signal's reason, or the error of the stream. */
export async function answerStream(
  response: ServerResponse,
  stream: Readable,
  signal: AbortSignal,
): Promise<void> {
  const aborted = deferred<never>();
  const ignoreAbort = onAbort(signal, aborted.reject);
  if (signal.aborted) aborted.reject(signal.reason);
  try {
    // The answer to a pipelined request may have no connection: it is never closed, and `pipeline` would not settle.
    await Promise.race([pipeline(stream, response, { signal }), aborted.promise]);
  } finally {
    ignoreAbort();
  }
}
