import { connect } from 'node:net';
import { formatEndpoint } from '../../network/ports/endpoint.ts';
import type { BoundForward, Protocol } from '../../network/ports/port.ts';
import { pause } from '../../util/time/pause.ts';
import type { ProbedGuest } from './guest-run.ts';
import { type Socket, readSockets } from './probe-sockets.ts';
import type { Look } from './wait-until.ts';

/** TCP states, from Linux' include/net/tcp_states.h. */
const LISTEN = 0x0a;
const SYN_RECEIVED = 0x03;
/** UDP has no states of its own; a socket without a peer has this one. */
const UNCONNECTED = 0x07;
/** The host's kernel gives up a connection only after minutes. */
const CONNECTION_MS = 2000;
const TABLE_PAUSE_MS = 5;

/** Checks that the guest listens on a port, with its kernel's socket tables. */
export function lookForListener(guest: ProbedGuest, port: number, protocol: Protocol): Look<undefined> {
  return async (signal) => {
    const sockets = await readSockets(guest, protocol, signal);
    const open = sockets.filter(({ state }) => state === (protocol === 'tcp' ? LISTEN : UNCONNECTED));
    if (open.some(({ localPort }) => localPort === port)) return { found: undefined };
    return { seen: describeListeners(open, protocol) };
  };
}

function describeListeners(open: readonly Socket[], protocol: Protocol): string {
  if (open.length === 0) return `the guest listens on no ${protocol} port`;
  const all = [...open].sort((one, other) => one.localPort - other.localPort);
  const shown = [
    ...new Set(all.map(({ localAddress, localPort }) => formatEndpoint(localAddress, localPort, protocol))),
  ];
  return `the guest listens on ${shown.join(', ')}`;
}

/**
 * Checks that a connection from the host reaches the guest. An accepted connection proves nothing, since the forwarder
 * accepts it before it asks the guest: the guest's own table must contain it, with the port that both forwarders keep, or
 * data must arrive.
 */
export function lookForConnection(guest: ProbedGuest, forward: BoundForward): Look<undefined> {
  return async (signal, saw) => {
    const from = formatEndpoint(forward.hostAddress, forward.hostPort, 'tcp');
    const socket = connect({ host: forward.hostAddress, port: forward.hostPort });
    const heard: { isConnected: boolean; hasAnswered: boolean; end?: string } = {
      isConnected: false,
      hasAnswered: false,
    };
    socket.once('connect', () => (heard.isConnected = true));
    socket.once('data', () => (heard.hasAnswered = true));
    socket.once(
      'end',
      () =>
        (heard.end ??= `a connection to ${from} was closed immediately: no process in the guest accepted it`),
    );
    socket.once('error', (error) => (heard.end ??= `${from}: ${error.message}`));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECTION_MS)]);
    try {
      for (;;) {
        saw(whatHangs(from, heard.isConnected));
        if (heard.hasAnswered) return { found: undefined };
        if (heard.isConnected && (await hasConnection(guest, forward.guestPort, socket.localPort, signal))) {
          return { found: undefined };
        }
        if (heard.end !== undefined) return { seen: heard.end };
        if (limit.aborted) return { seen: whatHangs(from, heard.isConnected) };
        await pause(TABLE_PAUSE_MS);
      }
    } finally {
      socket.destroy();
    }
  };
}

function whatHangs(from: string, isConnected: boolean): string {
  return isConnected
    ? `a connection to ${from} was accepted on the host, but has not reached the guest`
    : `a connection to ${from} was neither accepted nor refused`;
}

async function hasConnection(
  guest: ProbedGuest,
  port: number,
  peerPort: number | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const sockets = await readSockets(guest, 'tcp', signal);
  return sockets.some(
    ({ localPort, remotePort, state }) =>
      localPort === port && remotePort === peerPort && state !== SYN_RECEIVED && state !== LISTEN,
  );
}
