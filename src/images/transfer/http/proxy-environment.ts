import { isIP } from 'node:net';
import { isInNetwork } from '../../../util/internet/in-network.ts';
import { InvalidInputError } from '../../../errors/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the proxy for a URL, by the same environment variables as curl and wget: http_proxy, https_proxy, all_proxy
 * and no_proxy, in lower or upper case.
 * @throws InvalidInputError for an invalid proxy.
 */
export function proxyFor(url: URL, environment: Environment = process.env): URL | undefined {
  const name = `${url.protocol.slice(0, -1)}_proxy`;
  const own = variable(name, environment);
  const value = own ?? variable('all_proxy', environment);
  if (value === undefined || isExcepted(url, variable('no_proxy', environment) ?? '')) return undefined;
  const address = value.includes('://') ? value : `http://${value}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy?.protocol === 'http:' || proxy?.protocol === 'https:') return proxy;
  throw new InvalidInputError(own === undefined ? 'all_proxy' : name, 'invalid proxy URL', {
    hint: 'set this environment variable to http://HOST:PORT, or unset it; SOCKS proxies are not supported',
  });
}

function variable(name: string, environment: Environment): string | undefined {
  const value = environment[name] ?? environment[name.toUpperCase()];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

function isExcepted(url: URL, list: string): boolean {
  const port = portOf(url);
  const host = url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry, host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, bracketed, bracketedPort] = /^\[(.*)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return bracketed === host && (bracketedPort ?? port) === port;
  if (entry.includes('/')) return isInNetwork(host, entry);
  if (isIP(entry) > 0) return entry === host;
  const [name = '', entryPort = port] = entry.split(':');
  if (entryPort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

/** Returns the port of a URL, explicit or default. */
export function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}
