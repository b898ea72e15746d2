import { DownloadError, InvalidInputError } from '../../../errors/index.ts';

/** Parses a URL. @throws InvalidInputError for anything other than an http or https URL. */
export function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw new InvalidInputError('url', `invalid URL ${JSON.stringify(text)}`, {
      hint: 'give the whole URL, as in https://example.org/disk.qcow2',
    });
  }
  if (!isWeb(url)) {
    throw new InvalidInputError('url', `unsupported URL ${printable(url)}: expected http or https`);
  }
  url.hash = '';
  return url;
}

/** Formats a URL for messages, without user name and password. */
export function printable(url: URL): string {
  if (url.username === '' && url.password === '') return url.href;
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

export const REDIRECT_HINT = 'use another URL or mirror of this file';

/**
 * Returns the target of a redirect. Redirects from https to http are not followed.
 * @throws DownloadError for a redirect that is not followed.
 */
export function followRedirect(from: URL, location: string | undefined): URL {
  const refuse = (problem: string): DownloadError =>
    new DownloadError(printable(from), 'redirect', `${printable(from)} ${problem}`, { hint: REDIRECT_HINT });
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw refuse('answers with a redirect that has no valid Location header');
  }
  const url = new URL(location, from);
  if (!isWeb(url)) throw refuse(`redirects to a URL that is neither http nor https: ${printable(url)}`);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw refuse(`redirects from https to http, which is insecure: ${printable(url)}`);
  }
  url.hash = '';
  return url;
}

/** Returns the credentials for a request. Those of the start URL are sent only to its own server. */
export function authorizationFor(url: URL, start: URL): string | undefined {
  const from = url.username !== '' || url.origin !== start.origin ? url : start;
  return basicCredentials(from);
}

/** Formats the user name and password of a URL as the value of an Authorization field. */
export function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % is taken literally.
    return part;
  }
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}
