import { createConnection, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError } from '../../errors/index.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * What a forward's guest port does with a connection. `silent`: the guest has not answered, as before it has a network.
 */
export type ForwardAnswer = 'accepts' | 'refuses' | 'silent' | 'not forwarded';

export interface ProbeLimits {
  /** Milliseconds within which a guest whose network is up answers. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Events of one connection may be seen a moment after those of a later one. */
const GRACE_MS = 25;
/** A server that reacts to the end of its input has done so by then. */
const REACTION_MS = 5000;
/** By then passt (10 s; newer ones about 70 s) and slirp (75 s) have given up on a guest that says nothing at all. */
const GIVEN_UP_MS = 90_000;

/**
 * passt and slirp accept a connection before they ask the guest, and close it when the guest refuses; while the guest
 * has no network, they keep it open. So a connection on which nothing happens may be accepted, or may not be asked for
 * yet. Packets stay in order: when a later connection to another forward has got any answer of the guest's, the guest
 * has not refused the first. That it was accepted shows in how the server takes the end of its input.
 * @param witness another forward into the same guest, whatever becomes of it there.
 */
export async function probeForward(
  forward: Endpoint,
  witness: Endpoint | undefined,
  { patienceMs, signal }: ProbeLimits,
): Promise<ForwardAnswer> {
  using probe = new Probe(forward, signal);
  if ((await probe.connected) === 'failed') return 'not forwarded';
  using other = witness && new Probe(witness, signal);
  const first = await Promise.race([
    probe.answer,
    ...(other ? [other.answer.then(() => 'witnessed' as const)] : []),
    after(patienceMs, probe.gone),
  ]);
  if (first === 'data') return 'accepts';
  if (first === 'end') return 'refuses';
  if (first === undefined) return 'silent';
  const late = await Promise.race([probe.answer, after(GRACE_MS, probe.gone)]);
  if (late !== undefined) return late === 'data' ? 'accepts' : 'refuses';
  // Kept as it is, for a server that does not mind the end of its input: passt forgets a connection half closed after 60 s.
  using patient = new Probe(forward, signal);
  probe.endInput();
  const reaction = await Promise.race([probe.answer, after(REACTION_MS, probe.gone)]);
  if (reaction !== undefined) return 'accepts';
  const end = await Promise.race([patient.answer, after(GIVEN_UP_MS, probe.gone)]);
  return end === 'end' ? 'refuses' : 'accepts';
}

/** The line with which an ssh server begins; what else was seen otherwise. */
export async function probeSsh(
  { address, port }: Endpoint,
  { patienceMs, signal }: ProbeLimits,
): Promise<{ readonly banner: string } | { readonly seen: string }> {
  using probe = new Probe({ address, port }, signal);
  const connected = await probe.connected;
  // Both sides may begin (RFC 4253, 4.2), and a forward by passt of 2023 is there only when this side has.
  if (connected === 'connected') probe.say('SSH-2.0-vmlet\r\n');
  else return { seen: `nobody listens on ${address} port ${port}` };
  const answer = await Promise.race([probe.answer, after(patienceMs, probe.gone)]);
  if (answer === undefined) return { seen: 'the guest has not answered' };
  if (answer === 'end') return { seen: 'the guest refuses connections to its port 22' };
  const line = probe.received.split('\n')[0]?.trim() ?? '';
  if (line.startsWith('SSH-')) return { banner: line };
  return { seen: `what answers at its port 22 is no ssh server: it says ${JSON.stringify(line)}` };
}

class Probe implements Disposable {
  readonly connected: Promise<'connected' | 'failed'>;
  /** The first thing that came from the other side. */
  readonly answer: Promise<'data' | 'end'>;
  received = '';
  readonly #socket: Socket;
  readonly #gone = new AbortController();
  readonly #ignoreAbort: (() => void) | undefined;

  constructor({ address, port }: Endpoint, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    this.#socket = createConnection({ host: address, port, allowHalfOpen: true });
    const connected: Deferred<'connected' | 'failed'> = deferred();
    const answer: Deferred<'data' | 'end'> = deferred();
    answer.promise.catch(() => undefined);
    connected.promise.catch(() => undefined);
    this.connected = connected.promise;
    this.answer = answer.promise;
    this.#socket.setEncoding('latin1');
    this.#socket.on('connect', () => connected.resolve('connected'));
    this.#socket.on('data', (text: string) => {
      this.received = (this.received + text).slice(0, 255);
      answer.resolve('data');
    });
    this.#socket.on('end', () => answer.resolve('end'));
    this.#socket.on('error', (error) => {
      if (!isSystemError(error)) connected.reject(error);
      connected.resolve('failed');
      answer.resolve('end');
    });
    this.#ignoreAbort =
      signal &&
      onAbort(signal, (reason) => {
        connected.reject(reason);
        answer.reject(reason);
      });
  }

  /** Aborts when the probe is disposed of. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  endInput(): void {
    this.#socket.end();
  }

  [Symbol.dispose](): void {
    this.#ignoreAbort?.();
    this.#gone.abort();
    this.#socket.destroy();
  }
}

async function after(milliseconds: number, cancelled: AbortSignal): Promise<undefined> {
  // The race is decided by then.
  await delay(milliseconds, undefined, { signal: cancelled }).catch(() => undefined);
}
