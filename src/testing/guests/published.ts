import { InvalidInputError } from '../../errors/index.ts';
import { isIpv6 } from '../../network/ports/ip-address.ts';
import type { BoundForward } from '../../network/ports/port.ts';

/**
 * Returns the forward of a guest's TCP port.
 * @throws InvalidInputError that names the published ports.
 */
export function publishedPort(ports: readonly BoundForward[], guestPort: number): BoundForward {
  const forward = ports.find((one) => one.protocol === 'tcp' && one.guestPort === guestPort);
  if (forward) return forward;
  const published = ports.map((one) => `${one.guestPort}/${one.protocol}`);
  const others =
    published.length === 0
      ? 'the machine has no published ports'
      : `published ports: ${published.join(', ')}`;
  throw new InvalidInputError('port', `guest port ${guestPort}/tcp is not published; ${others}`, {
    hint: `publish it with ports: ['${guestPort}']`,
  });
}

const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Returns the URL of a web server on a port of the guest, as reached from this host.
 * @param path path with a leading slash.
 * @throws InvalidInputError
 */
export function urlOf(ports: readonly BoundForward[], guestPort: number, path = '/'): string {
  const { hostAddress, hostPort } = publishedPort(ports, guestPort);
  if (!path.startsWith('/')) {
    throw new InvalidInputError('path', `invalid path ${JSON.stringify(path)}: expected a leading slash`);
  }
  const address = ANY_ADDRESS[hostAddress] ?? hostAddress;
  const scheme = guestPort === 443 || guestPort === 8443 ? 'https' : 'http';
  return `${scheme}://${isIpv6(address) ? `[${address}]` : address}:${hostPort}${path}`;
}

/** @throws InvalidInputError for what is not the URL of a web server: `localhost:80` parses as a URL too. */
export function httpUrl(target: string | URL): URL {
  const text = String(target);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidInputError('url', `invalid URL ${text}: expected http:// or https://`);
}
