import { InvalidInputError } from '../../errors/index.ts';
import { isIpv6 } from '../../network/ports/ip-address.ts';
import type { BoundForward } from '../../network/ports/port.ts';

/**
 * The forward of a guest's TCP port.
 * @throws InvalidInputError that names the published ones.
 */
export function publishedPort(ports: readonly BoundForward[], guestPort: number): BoundForward {
  const forward = ports.find((one) => one.protocol === 'tcp' && one.guestPort === guestPort);
  if (forward) return forward;
  const published = ports.map((one) => `${one.guestPort}/${one.protocol}`);
  const others = published.length === 0 ? 'no port is' : `these are: ${published.join(', ')}`;
  throw new InvalidInputError('port', `${guestPort}/tcp of the guest is not published; ${others}`, {
    hint: `give the machine ports: ['${guestPort}']`,
  });
}

const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * Where a web server on a port of the guest is reached from this host.
 * @param path begins with a slash.
 * @throws InvalidInputError
 */
export function urlOf(ports: readonly BoundForward[], guestPort: number, path = '/'): string {
  const { hostAddress, hostPort } = publishedPort(ports, guestPort);
  if (!path.startsWith('/')) {
    throw new InvalidInputError('path', `is ${JSON.stringify(path)}; it must begin with a slash`);
  }
  const address = ANY_ADDRESS[hostAddress] ?? hostAddress;
  const scheme = guestPort === 443 || guestPort === 8443 ? 'https' : 'http';
  return `${scheme}://${isIpv6(address) ? `[${address}]` : address}:${hostPort}${path}`;
}
