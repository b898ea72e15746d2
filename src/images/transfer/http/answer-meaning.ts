import { STATUS_CODES } from 'node:http';
import { DownloadError } from '../../../errors/index.ts';
import { printable } from './download-address.ts';
import type { HttpAnswer } from './http-client.ts';
import { type PartialOrigin, validatorOf } from '../partial/partial-file.ts';

/** The meaning of a server's answer for a partly downloaded file. */
export type AnswerMeaning =
  /** The content is the whole file. */
  | { readonly kind: 'whole'; readonly origin: PartialOrigin }
  /** The content is the missing rest. */
  | { readonly kind: 'rest'; readonly origin: PartialOrigin }
  /** Nothing is missing. */
  | { readonly kind: 'complete' }
  /** The existing data is unusable: request the whole file. */
  | { readonly kind: 'unusable' }
  /** Retry later. */
  | { readonly kind: 'later'; readonly error: DownloadError; readonly afterMs: number | undefined };

/** Request Timeout, Too Early, Too Many Requests, and temporary server errors. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status);
}

/**
 * Interprets an answer to a download request.
 * @param bytes that exist already; 0 for a request of the whole file.
 * @param known the origin of those bytes.
 * @throws DownloadError for an answer without a file.
 */
export function interpretAnswer(
  answer: HttpAnswer,
  bytes: number,
  known: PartialOrigin | undefined,
): AnswerMeaning {
  const { status } = answer;
  if (isTransientStatus(status)) {
    return { kind: 'later', error: statusError(answer), afterMs: retryAfter(answer.field('retry-after')) };
  }
  if (status === 416 && bytes > 0) {
    const total = /^bytes \*\/(\d+)$/.exec(answer.field('content-range') ?? '')?.[1];
    return Number(total) === bytes ? { kind: 'complete' } : { kind: 'unusable' };
  }
  if (status !== 200 && status !== 206) throw statusError(answer);
  refuseHtml(answer.field('content-type'), answer.url);
  const length = lengthOf(answer);
  if (status === 200) return { kind: 'whole', origin: originOf(answer, length) };
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.field('content-range') ?? '');
  const [, first, last, total] = range ?? [];
  if (bytes === 0 || first === undefined || total === undefined) {
    throw new DownloadError(
      printable(answer.url),
      'protocol',
      `${printable(answer.url)}: the server answered with an unexpected part of the file (206 Partial Content)`,
      { hint: 'try again; if the error persists, use another URL or mirror of this file' },
    );
  }
  const origin = originOf(answer, total === '*' ? known?.totalBytes : Number(total));
  const isRest = Number(first) === bytes && (origin.totalBytes ?? Number(last) + 1) === Number(last) + 1;
  return isRest && isSameFile(known, origin) ? { kind: 'rest', origin } : { kind: 'unusable' };
}

/** Whether the rest is of the same file. Servers without support for If-Range may send that of another one. */
function isSameFile(known: PartialOrigin | undefined, now: PartialOrigin): boolean {
  if (!known) return false;
  if (known.totalBytes !== undefined && now.totalBytes !== undefined && known.totalBytes !== now.totalBytes) {
    return false;
  }
  const [one, other] = [validatorOf(known), validatorOf(now)];
  return one === undefined || other === undefined || one === other;
}

function originOf(answer: HttpAnswer, totalBytes: number | undefined): PartialOrigin {
  return { etag: answer.field('etag'), lastModified: answer.field('last-modified'), totalBytes };
}

/** Returns the length of the content, if it is announced and the content is not encoded. */
export function lengthOf(answer: HttpAnswer): number | undefined {
  if (answer.field('transfer-encoding') !== undefined) return undefined;
  const length = answer.field('content-length');
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** @throws DownloadError for the media type of a web page. */
function refuseHtml(type: string | undefined, url: URL): void {
  if (/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(type ?? '')) throw htmlError(url);
}

/** @throws DownloadError if the content begins like a web page. */
export function refuseHtmlContent(head: Buffer, url: URL): void {
  const text = head.toString('latin1').replace(/^\xef\xbb\xbf/, '');
  if (
    /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*<(!doctype\s+html|html|head|body|title|script|meta)\b/i.test(
      text,
    )
  ) {
    throw htmlError(url);
  }
}

function htmlError(url: URL): DownloadError {
  return new DownloadError(
    printable(url),
    'html',
    `${printable(url)}: received a web page instead of the file`,
    {
      hint: 'check that the URL points to the file itself, and that your network does not redirect to a login page',
    },
  );
}

function statusError({ url, status }: HttpAnswer): DownloadError {
  const name = STATUS_CODES[status];
  const shown = printable(url);
  return new DownloadError(
    shown,
    'status',
    `${shown}: the server answered ${status}${name === undefined ? '' : ` (${name})`}`,
    {
      status,
      hint: HINTS[status] ?? (status >= 500 ? 'try again later' : undefined),
    },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'give a valid user name and password in the URL: https://USER:PASSWORD@HOST/PATH',
  403: 'check the URL: the file may not be public, or may not exist',
  404: 'check the URL: the file may have been moved or removed',
  407: 'give a valid user name and password in HTTP_PROXY and HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT',
  410: 'find another URL: the publisher has removed the file',
  429: 'try again later: the server received too many requests',
};

/** Returns milliseconds. The field has seconds or a date (RFC 9110 §10.2.3). */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
