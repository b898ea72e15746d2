import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { InvalidInputError, type PortOwner, PortTakenError, isSystemError } from '../../errors/index.ts';
import { isIpv6 } from './ip-address.ts';
import { findPortOwner } from './port-owner.ts';
import { formatEndpoint } from './endpoint.ts';
import { deniedPort } from './listen-failure.ts';
import { type BoundForward, type PortForward, type Protocol, formatPort } from './port.ts';

interface BoundSocket {
  readonly port: number;
  close(): Promise<void>;
}

/** Number of attempts when the kernel picks a port that another forward of the machine already has. */
const MAX_PICKS = 100;

/**
 * Tests each requested host port by binding it, and chooses the open ones. Nothing stays bound.
 * @param preferred for each forward, the port to choose if it is left open and free, such as its previous
 * one.
 * @throws PortTakenError, PermissionError (a privileged port), InvalidInputError (an address that is not this
 * host's).
 */
export async function chooseHostPorts(
  forwards: readonly PortForward[],
  signal?: AbortSignal,
  preferred: readonly (number | undefined)[] = [],
): Promise<BoundForward[]> {
  const wanted = new Set<string>();
  for (const forward of forwards) {
    if (forward.hostPort === undefined) continue;
    signal?.throwIfAborted();
    const socket = await bind(forward, forward.hostPort);
    await socket.close();
    wanted.add(portKey(forward, forward.hostPort));
  }
  const held: BoundSocket[] = [];
  try {
    const bound: BoundForward[] = [];
    // All preferences come before all picks: the kernel must not give a preferred port to another forward.
    const kept: (number | undefined)[] = [];
    for (const [index, forward] of forwards.entries()) {
      const port = forward.hostPort === undefined ? preferred[index] : undefined;
      kept.push(port === undefined ? undefined : await keep(forward, port, wanted, held));
    }
    for (const [index, forward] of forwards.entries()) {
      signal?.throwIfAborted();
      const hostPort = forward.hostPort ?? kept[index] ?? (await pick(forward, wanted, held));
      bound.push({ ...forward, hostPort, ephemeral: forward.hostPort === undefined });
    }
    return bound;
  } finally {
    await Promise.all(held.map(async (socket) => socket.close()));
  }
}

/**
 * Explains a failed forward by trying its port once more.
 * @throws the errors of chooseHostPorts; PortTakenError even if the port is free again by now.
 */
export async function explainUnboundPort(forward: BoundForward): Promise<never> {
  const { hostAddress, hostPort, protocol, ephemeral } = forward;
  try {
    await (await bind(forward, hostPort)).close();
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw error;
  }
  throw takenPort(hostAddress, hostPort, protocol, ephemeral);
}

/** Tries a preferred port; undefined if another process or another forward has it. */
async function keep(
  forward: PortForward,
  port: number,
  wanted: Set<string>,
  held: BoundSocket[],
): Promise<number | undefined> {
  const key = portKey(forward, port);
  if (wanted.has(key)) return undefined;
  try {
    held.push(await bind(forward, port));
  } catch (error) {
    if (error instanceof PortTakenError) return undefined;
    throw error;
  }
  wanted.add(key);
  return port;
}

/** passt has one guest port for each host port number, regardless of the address. */
function portKey({ protocol }: PortForward, port: number): string {
  return `${port}/${protocol}`;
}

/** Picks stay bound until all are made, so that the kernel does not give out a port twice. */
async function pick(forward: PortForward, wanted: Set<string>, held: BoundSocket[]): Promise<number> {
  for (let tries = 0; tries < MAX_PICKS; tries++) {
    const socket = await bind(forward, 0);
    held.push(socket);
    const key = portKey(forward, socket.port);
    if (!wanted.has(key)) {
      wanted.add(key);
      return socket.port;
    }
  }
  throw noFreePort(forward);
}

function noFreePort(forward: PortForward, cause?: unknown): PortTakenError {
  const text = formatPort(forward);
  return new PortTakenError(text, true, undefined, {
    problem: `no free host port for ${text}: all ports of the range net.ipv4.ip_local_port_range are in use`,
    hint: 'end programs that use ports of this range, or widen the range with sysctl (as root)',
    cause,
  });
}

async function bind(forward: PortForward, port: number): Promise<BoundSocket> {
  try {
    return await (forward.protocol === 'tcp' ? bindTcp : bindUdp)(forward.hostAddress, port);
  } catch (error) {
    throw explainBindFailure(error, forward, port);
  }
}

async function bindTcp(host: string, port: number): Promise<BoundSocket> {
  const server = createServer();
  return {
    port: await listenTcp(server, host, port),
    close: async () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** @returns the port, which the kernel chooses for 0. */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, exclusive: true, ipv6Only: true });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function bindUdp(address: string, port: number): Promise<BoundSocket> {
  const socket = createSocket({ type: isIpv6(address) ? 'udp6' : 'udp4', ipv6Only: isIpv6(address) });
  try {
    socket.bind({ address, port, exclusive: true });
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  return {
    port: socket.address().port,
    close: async () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** @param port that was bound; 0 for any free one. */
export function explainBindFailure(error: unknown, forward: PortForward, port: number): unknown {
  const { hostAddress, protocol, hostPort } = forward;
  if (isSystemError(error, 'EADDRINUSE')) {
    if (port === 0) return noFreePort(forward, error);
    return takenPort(hostAddress, port, protocol, hostPort === undefined, error);
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return deniedPort(formatEndpoint(hostAddress, port, protocol), port, error);
  }
  if (isSystemError(error, 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL')) {
    return new InvalidInputError(
      'ports',
      `${hostAddress} in ${JSON.stringify(formatPort(forward))} is not an address of this host; expected one of ${hostAddresses()}`,
      {
        hint: 'to listen on 127.0.0.1, leave out the address; to listen on every IPv4 address, use 0.0.0.0',
        cause: error,
      },
    );
  }
  return error;
}

/** The error for a port in use, with its owner if known. */
export function takenPort(
  address: string,
  port: number,
  protocol: Protocol,
  ephemeral: boolean,
  cause?: unknown,
): PortTakenError {
  const owner = findPortOwner(address, port, protocol);
  return new PortTakenError(formatEndpoint(address, port, protocol), ephemeral, owner, {
    hint: adviceOnTaken(ephemeral, owner, port, protocol),
    cause,
  });
}

function adviceOnTaken(
  ephemeral: boolean,
  owner: PortOwner | undefined,
  port: number,
  protocol: Protocol,
): string {
  if (ephemeral) return 'try again: vmlet chose this port, but another process used it first';
  if (owner)
    return `choose another host port, leave the host port empty to get a free port, or ${release(owner, port, protocol)}`;
  const others = 'choose another host port, or leave the host port empty to get a free port';
  // passt of 2026 keeps the connected socket of an exchange.
  const kept = '; if vmlet port rm has just removed a forward of this port, try again in a few minutes';
  return protocol === 'udp' ? others + kept : others;
}

function release({ pid, machine }: PortOwner, port: number, protocol: Protocol): string {
  if (machine === undefined) return `end process ${pid}`;
  return `remove the forward: vmlet port rm ${machine} ${protocol === 'tcp' ? port : `${port}/${protocol}`}`;
}

function hostAddresses(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = all.filter((info) => !info.address.startsWith('fe80:')).map((info) => info.address);
  return [...new Set(['127.0.0.1', ...usable, '0.0.0.0', '::'])].join(', ');
}
