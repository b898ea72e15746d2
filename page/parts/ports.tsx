import type { PlannedPort } from '../api/types.ts';

const SSH = 22;

/** A forward as it is published, or as it is in the machine's settings. */
type Forward = Pick<PlannedPort, 'protocol' | 'hostAddress' | 'guestPort'> & {
  /** Undefined if it is chosen at each start. */
  readonly hostPort?: number | undefined;
};

/** Returns the address of a forwarded port in a browser; undefined for UDP, for ssh and before the host port is known. */
function linkOf({ protocol, hostAddress, hostPort, guestPort }: Forward): string | undefined {
  if (protocol !== 'tcp' || guestPort === SSH || hostPort === undefined) return undefined;
  const host = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[hostAddress] ?? bracketed(hostAddress);
  return `${guestPort === 443 || guestPort === 8443 ? 'https' : 'http'}://${host}:${hostPort}/`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

interface Properties {
  readonly port: Forward;
  /** False while the machine is not running: nothing listens. */
  readonly live?: boolean;
}

/** A forward, as a link where a browser can follow it. */
export function Port({ port, live = true }: Properties) {
  const { hostAddress, hostPort, guestPort, protocol } = port;
  const address = hostAddress === '127.0.0.1' ? '' : `${bracketed(hostAddress)}:`;
  const text = `${address}${hostPort ?? 'port chosen at start'} → ${guestPort}${protocol === 'udp' ? '/udp' : ''}`;
  const link = live ? linkOf(port) : undefined;
  if (link === undefined) return <>{text}</>;
  return (
    <a href={link} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
