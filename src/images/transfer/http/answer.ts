import { STATUS_CODES } from 'node:http';
import { DownloadError } from '../../../errors/index.ts';
import { printable } from './address.ts';
import type { HttpAnswer } from './http-client.ts';
import { type PartialOrigin, validatorOf } from '../partial/partial-file.ts';

/** What a server's answer means for a file of which there are so many bytes. */
export type AnswerMeaning =
  /** Its content is the file from its beginning. */
  | { readonly kind: 'whole'; readonly origin: PartialOrigin }
  /** Its content is what is missing. */
  | { readonly kind: 'rest'; readonly origin: PartialOrigin }
  /** Nothing is missing. */
  | { readonly kind: 'complete' }
  /** What is there is of no use: ask for the whole file. */
  | { readonly kind: 'useless' }
  /** Ask again later. */
  | { readonly kind: 'later'; readonly error: DownloadError; readonly afterMs: number | undefined };

/** Request Timeout, Too Early, Too Many Requests, and servers or their gateways in trouble. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTransientStatus(status: number): boolean {
  return TRANSIENT.has(status);
}

/**
 * @param bytes that were said to be there already, 0 for a request of the whole file.
 * @param known whose bytes they are.
 * @throws DownloadError for what is no file.
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
    return Number(total) === bytes ? { kind: 'complete' } : { kind: 'useless' };
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
      `${printable(answer.url)}: the server sent a part that was not asked for`,
    );
  }
  const origin = originOf(answer, total === '*' ? known?.totalBytes : Number(total));
  const isRest = Number(first) === bytes && (origin.totalBytes ?? Number(last) + 1) === Number(last) + 1;
  return isRest && isSameFile(known, origin) ? { kind: 'rest', origin } : { kind: 'useless' };
}

/** A server that does not know If-Range sends the rest of another file, too. */
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

/** Bytes of the content, where they are told and come as they are. */
export function lengthOf(answer: HttpAnswer): number | undefined {
  if (answer.field('transfer-encoding') !== undefined) return undefined;
  const length = answer.field('content-length');
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
}

/** @throws DownloadError for the media type of a page. */
export function refuseHtml(type: string | undefined, url: URL): void {
  if (/^\s*(text\/html|application\/xhtml\+xml)\b/i.test(type ?? '')) throw htmlError(url);
}

/** @throws DownloadError where the first bytes of what came are those of a page. */
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
    `${printable(url)}: a web page came in place of the file`,
    {
      hint: 'is the address that of the file itself? A network that wants a login first answers like this, too',
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
      hint: HINTS[status] ?? (status >= 500 ? 'the server is in trouble: try again later' : undefined),
    },
  );
}

const HINTS: Readonly<Record<number, string>> = {
  401: 'the server wants a name and a password',
  403: 'the server does not give this file to everybody; some do so for files that they do not have',
  404: 'is the address right? The file may have been moved or removed by its publisher',
  407: 'the proxy wants a name and a password: write them into HTTP_PROXY and HTTPS_PROXY',
  410: 'its publisher has removed the file',
  429: 'the server was asked too often: try again later',
};

/** Milliseconds; RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
