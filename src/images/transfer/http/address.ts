import { DownloadError, InvalidInputError } from '../../../errors/index.ts';

/** @throws InvalidInputError for what is no http or https address. */
export function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) {
    throw new InvalidInputError('url', `${JSON.stringify(text)} is not the address of a file`, {
      hint: 'Write it whole, as in https://example.org/disk.qcow2.',
    });
  }
  if (!isWeb(url)) {
    throw new InvalidInputError('url', `${printable(url)} is not fetched: only http and https are`);
  }
  url.hash = '';
  return url;
}

/** How an address is shown: without a user's name and password. */
export function printable(url: URL): string {
  if (url.username === '' && url.password === '') return url.href;
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

/**
 * The address that a redirect leads to. What was asked for over TLS does not go on without it.
 * @throws DownloadError for a redirect that is not followed.
 */
export function followRedirect(from: URL, location: string | undefined): URL {
  const refuse = (problem: string): DownloadError =>
    new DownloadError(printable(from), 'redirect', `${printable(from)} ${problem}`);
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw refuse('redirects without saying where to');
  }
  const url = new URL(location, from);
  if (!isWeb(url)) throw refuse(`redirects to ${url.protocol} and not to a web server`);
  if (from.protocol === 'https:' && url.protocol === 'http:') {
    throw refuse(`redirects from https to ${printable(url)}, where anybody on the way could change the file`);
  }
  url.hash = '';
  return url;
}

/** What the user wrote into an address is told to the server that it names alone. */
export function authorizationFor(url: URL, start: URL): string | undefined {
  const from = url.username !== '' || url.origin !== start.origin ? url : start;
  return basicCredentials(from);
}

/** The user's name and password in an address, as a field of a request's head has them. */
export function basicCredentials({ username, password }: URL): string | undefined {
  if (username === '') return undefined;
  return `Basic ${Buffer.from(`${decode(username)}:${decode(password)}`).toString('base64')}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % is no encoding.
    return part;
  }
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}
