import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { issueWords } from '../../util/options/issue-words.ts';
import { formatAddress } from './endpoint.ts';
import { addressesOverlap, canonicalIpv6, isIpv4, isLinkLocal, isMappedIpv4 } from './ip-address.ts';

/** The ports that a machine publishes, in podman's grammar: `[[ip:][host]:]guest[/tcp|udp]`. */

export type Protocol = 'tcp' | 'udp';

/** A forward of a host port to a guest port. */
export interface PortForward {
  readonly protocol: Protocol;
  /** Listening address on the host: IPv4, or IPv6 in its shortest spelling without brackets. */
  readonly hostAddress: string;
  /** 1 to 65535; undefined to choose a free one at start. */
  readonly hostPort: number | undefined;
  /** 1 to 65535. */
  readonly guestPort: number;
}

/** A forward whose host port is known. */
export interface BoundForward extends PortForward {
  readonly hostPort: number;
  /**
   * vmlet chose the port: another process may take it until a helper listens, and a start can choose again.
   */
  readonly ephemeral: boolean;
}

const GRAMMAR = '[[address:][hostPort]:]guestPort[/tcp|udp]';
const MAX_PORT = 65_535;
const DEFAULT_ADDRESS = '127.0.0.1';

const portNumber = z.int().min(1).max(MAX_PORT);

/** One forward as an object; the string form also supports ranges. */
export const portSchema = z.strictObject({
  /** Default: 127.0.0.1. IPv6 with or without brackets. */
  hostAddress: z.string().optional(),
  /** Default: a free port, chosen at start. */
  hostPort: portNumber.optional(),
  guestPort: portNumber,
  /** Default: tcp. */
  protocol: z.enum(['tcp', 'udp']).optional(),
});

/** A forward as an object; `guestPort` alone is required. */
export type PortSpec = z.input<typeof portSchema>;

/** A forward as text such as `8080:80`, or as an object. */
export type PortInput = string | PortSpec;

interface Range {
  readonly first: number;
  readonly length: number;
}

/**
 * Converts the user's input to one forward for each port.
 * @param field names the list in errors, as in `ports[2].hostPort`.
 * @param places of the entries in that list; by default their own.
 * @throws InvalidInputError for invalid ports, and for two entries with the same host port.
 */
export function parsePortForwards(
  ports: readonly PortInput[],
  field = 'ports',
  places: readonly number[] = [],
): PortForward[] {
  const entries = ports.flatMap((port, index) => {
    const own = `${field}[${places[index] ?? index}]`;
    return parseEntry(port, own).map((forward) => ({ forward, field: own }));
  });
  refuseCollisions(entries);
  return entries.map(({ forward }) => forward);
}

/**
 * Converts the user's input to the forward of one TCP port.
 * @param field names the port in errors, as in `port.hostPort`.
 * @throws InvalidInputError for an invalid port, a range, or UDP.
 */
export function parseTcpForward(port: PortInput, field = 'port'): PortForward {
  const [forward, ...more] = parseEntry(port, field);
  if (forward === undefined || more.length > 0) {
    throw new InvalidInputError(field, `${quote(port)} is a range; expected one port`);
  }
  if (forward.protocol === 'tcp') return forward;
  throw new InvalidInputError(`${field}.protocol`, `invalid protocol "udp" in ${quote(port)}: expected tcp`);
}

/** Returns the string that parsePortForwards parses back to the same forward. */
export function formatPort(forward: PortForward): string {
  const { protocol, hostAddress, hostPort, guestPort } = forward;
  return `${formatAddress(hostAddress)}:${hostPort ?? ''}:${guestPort}/${protocol}`;
}

function parseEntry(port: PortInput, field: string): PortForward[] {
  return typeof port === 'string' ? parseText(port, field) : [parseObject(port, field)];
}

function parseText(text: string, field: string): PortForward[] {
  const [ports, protocol] = splitProtocol(text, field);
  const { address, host, guest } = splitPorts(ports, text, field);
  const hostAddress = address === undefined ? DEFAULT_ADDRESS : parseAddress(address, `${field}.hostAddress`);
  const guestRange = parseRange(guest, `${field}.guestPort`, text);
  const hostRange =
    host === undefined || host === '' ? undefined : parseRange(host, `${field}.hostPort`, text);
  if (hostRange && hostRange.length !== guestRange.length) {
    throw new InvalidInputError(
      `${field}.hostPort`,
      `${quote(text)} maps ${hostRange.length} host port(s) to ${guestRange.length} guest port(s); expected ranges of the same length`,
      { hint: 'write both ranges with the same number of ports, or leave the host port empty' },
    );
  }
  return Array.from({ length: guestRange.length }, (_, offset) => ({
    protocol,
    hostAddress,
    hostPort: hostRange && hostRange.first + offset,
    guestPort: guestRange.first + offset,
  }));
}

function parseObject(port: PortSpec, field: string): PortForward {
  const parsed = portSchema.safeParse(port, { error: issueWords });
  if (!parsed.success) {
    const { path = [], message = 'expected a port' } = parsed.error.issues[0] ?? {};
    const value = path.reduce<unknown>((inside, key) => (inside as Record<PropertyKey, unknown>)[key], port);
    throw new InvalidInputError(
      [field, ...path].join('.'),
      `${value === undefined ? 'missing port' : `invalid port ${quote(value)}`}: ${message}`,
      {
        hint: `use { hostAddress?, hostPort?, guestPort, protocol? } with ports from 1 to ${MAX_PORT}; without hostPort, vmlet chooses a free port`,
        cause: parsed.error,
      },
    );
  }
  const { hostAddress = DEFAULT_ADDRESS, hostPort, guestPort, protocol = 'tcp' } = parsed.data;
  return {
    protocol,
    hostAddress: parseAddress(hostAddress, `${field}.hostAddress`),
    hostPort,
    guestPort,
  };
}

function splitProtocol(text: string, field: string): [string, Protocol] {
  const slash = text.indexOf('/');
  if (slash < 0) return [text, 'tcp'];
  const ports = text.slice(0, slash);
  const protocol = text.slice(slash + 1);
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw new InvalidInputError(
      `${field}.protocol`,
      `invalid protocol ${quote(protocol)} in ${quote(text)}: expected tcp or udp`,
      { hint: `for both protocols, publish the port twice: ${ports}/tcp and ${ports}/udp` },
    );
  }
  return [ports, protocol];
}

function splitPorts(
  ports: string,
  text: string,
  field: string,
): { address?: string; host?: string; guest: string } {
  const bracketed = /^(\[[^\]]*\]):([^:]*):([^:]*)$/.exec(ports);
  const parts = bracketed ? bracketed.slice(1) : ports.split(':');
  const [first = '', second, third, excess] = parts;
  if (ports.startsWith('[') && !bracketed) {
    throw new InvalidInputError(field, `invalid port ${quote(text)}: expected ${GRAMMAR}`, {
      hint: 'after an address, write the host port and the guest port; the host port may be empty, as in "[::1]::80"',
    });
  }
  if (second === undefined) return { guest: first };
  if (third === undefined) {
    if (isIpv4(first)) {
      throw new InvalidInputError(
        `${field}.hostPort`,
        `invalid port ${quote(text)}: only one port after the address; expected ${GRAMMAR}`,
        {
          hint: `write a host port and a guest port after the address; for a free host port, write "${first}::${second}"`,
        },
      );
    }
    return { host: first, guest: second };
  }
  if (excess === undefined) return { address: first, host: second, guest: third };
  throw new InvalidInputError(field, `invalid port ${quote(text)}: too many colons; expected ${GRAMMAR}`, {
    hint: 'put an IPv6 address in brackets, as in "[::1]:8080:80"',
  });
}

function parseAddress(text: string, field: string): string {
  if (isIpv4(text)) return text;
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const refuse = (problem: string, hint: string): never => {
    throw new InvalidInputError(field, `${quote(text)} ${problem}`, { hint });
  };
  const canonical =
    canonicalIpv6(bare) ??
    refuse('is not an IP address; expected, for example, 127.0.0.1 or [::1]', adviceOnAddress(bare));
  if (isMappedIpv4(canonical)) {
    return refuse(
      'is an IPv4 address in IPv6 form; expected plain IPv4',
      'write the address as IPv4, such as 127.0.0.1',
    );
  }
  if (isLinkLocal(canonical)) {
    return refuse(
      'is a link-local address, which vmlet does not support; expected a global or loopback address',
      'use [::] to listen on every IPv6 address of this host',
    );
  }
  return canonical;
}

function adviceOnAddress(text: string): string {
  if (text === 'localhost') return 'use 127.0.0.1, which is also the default';
  return text.includes('%')
    ? 'use a global or loopback address without a zone such as %eth0; to listen on every IPv6 address of this host, use [::]'
    : 'use an IP address of this host, not a host name; to listen on every IPv4 address, use 0.0.0.0';
}

function parseRange(text: string, field: string, whole: string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? first);
  if (!match || first < 1 || last < 1 || first > MAX_PORT || last > MAX_PORT) {
    throw new InvalidInputError(
      field,
      `invalid port ${partOf(whole, text)}: expected 1 to ${MAX_PORT}, or a range such as 8000-8010`,
      {
        hint:
          text === '0' && field.endsWith('hostPort')
            ? 'leave the host port empty to get a free port'
            : `write a port as ${GRAMMAR}`,
      },
    );
  }
  if (last < first) {
    throw new InvalidInputError(
      field,
      `invalid range ${partOf(whole, text)}: expected the lower port first`,
      { hint: `write "${last}-${first}"` },
    );
  }
  return { first, length: last - first + 1 };
}

function refuseCollisions(entries: readonly { forward: PortForward; field: string }[]): void {
  const seen = new Map<string, PortForward[]>();
  for (const { forward, field } of entries) {
    if (forward.hostPort === undefined) continue;
    const key = `${forward.hostPort}/${forward.protocol}`;
    const others = seen.get(key) ?? [];
    const earlier = others.find(({ hostAddress }) => addressesOverlap(hostAddress, forward.hostAddress));
    if (earlier) {
      throw new InvalidInputError(
        `${field}.hostPort`,
        `${formatPort(forward)} and ${formatPort(earlier)} use the same host port`,
        { hint: 'choose another host port or address, or leave the host port empty to get a free port' },
      );
    }
    seen.set(key, [...others, forward]);
  }
}

/** Quotes the part, and the whole text if it has more. */
function partOf(whole: string, part: string): string {
  return part === whole ? quote(part) : `${quote(part)} in ${quote(whole)}`;
}

function quote(value: unknown): string {
  return JSON.stringify(value);
}

/** Returns the forwards that are not among the others. */
export function withoutForwards(
  forwards: readonly BoundForward[],
  others: readonly BoundForward[],
): BoundForward[] {
  const texts = new Set(others.map(formatPort));
  return forwards.filter((forward) => !texts.has(formatPort(forward)));
}
