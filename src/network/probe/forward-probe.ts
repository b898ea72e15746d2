import { createConnection, type Socket } from 'node:net';
import { isSystemError } from '../../errors/index.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { pause } from '../../util/time/pause.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * Response of a forward's guest port to a connection. `silent`: the guest has not answered, as before its
 * network is up.
 */
export type ForwardAnswer = 'accepts' | 'refuses' | 'silent' | 'not forwarded';

export interface ProbeLimits {
  /** Milliseconds within which a guest with a working network answers. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Shows that the guest's network works. */
export interface Witness {
  /** Called after the connection; returns true after the guest has answered something later, false if that is unknown. */
  readonly answers: (signal: AbortSignal) => Promise<boolean>;
  /** Milliseconds after that answer in which the guest's refusal of the connection can still arrive. */
  readonly graceMs: number;
}

/** Events of one connection may arrive a moment after those of a later one. */
const GRACE_MS = 25;
/** Time for a server to react to the end of its input. */
const REACTION_MS = 5000;
/** By then passt (10 s; newer ones about 70 s) and slirp (75 s) have given up on an unresponsive guest. */
const GIVEN_UP_MS = 90_000;

/**
 * passt and slirp accept a connection before they contact the guest, and close it when the guest refuses;
 * while the guest has no network, they keep it open. So an idle connection may be accepted, or the guest may
 * not have been contacted yet. Once a witness has shown that the guest answers, the guest has not refused the
 * connection. Whether it was accepted shows in the server's reaction to the end of its input.
 */
export async function probeForward(
  forward: Endpoint,
  witness: Witness | undefined,
  { patienceMs, signal }: ProbeLimits,
): Promise<ForwardAnswer> {
  using probe = new Probe(forward, signal);
  if ((await probe.connected) === 'failed') return 'not forwarded';
  const withinPatience = after(patienceMs, probe.gone);
  const witnessed = witness
    ?.answers(probe.gone)
    .then(async (answers) => (answers ? 'witnessed' : withinPatience));
  const first = await Promise.race([probe.answer, witnessed ?? withinPatience, withinPatience]);
  if (first === 'data') return 'accepts';
  if (first === 'end') return 'refuses';
  if (first === undefined) return 'silent';
  const late = await Promise.race([probe.answer, after(witness?.graceMs ?? 0, probe.gone)]);
  if (late !== undefined) return late === 'data' ? 'accepts' : 'refuses';
  // Kept fully open, for a server that ignores the end of its input: passt forgets a half-closed connection
  // after 60 s.
  using patient = new Probe(forward, signal);
  probe.endInput();
  const reaction = await Promise.race([probe.answer, after(REACTION_MS, probe.gone)]);
  if (reaction !== undefined) return 'accepts';
  const end = await Promise.race([patient.answer, after(GIVEN_UP_MS, probe.gone)]);
  return end === 'end' ? 'refuses' : 'accepts';
}

/** Another forward into the same guest: packets stay in order, so any answer there comes after that of an earlier connection. */
export function witnessByForward(forward: Endpoint): Witness {
  return {
    graceMs: GRACE_MS,
    answers: async (signal) => {
      using probe = new Probe(forward, signal);
      await probe.answer;
      return true;
    },
  };
}

/** Returns the greeting line of an ssh server, or what was seen instead. */
export async function probeSsh(
  { address, port }: Endpoint,
  { patienceMs, signal }: ProbeLimits,
): Promise<{ readonly banner: string } | { readonly seen: string }> {
  using probe = new Probe({ address, port }, signal);
  const connected = await probe.connected;
  // Either side may send first (RFC 4253, 4.2), and passt of 2023 contacts the guest only when this side has.
  if (connected === 'connected') probe.say('SSH-2.0-vmlet\r\n');
  else return { seen: `cannot connect to ${address} port ${port}` };
  const answer = await Promise.race([probe.answer, after(patienceMs, probe.gone)]);
  if (answer === undefined) return { seen: 'the guest does not answer' };
  if (answer === 'end') return { seen: 'the guest refuses connections to port 22' };
  const line = probe.received.split('\n')[0]?.trim() ?? '';
  if (line.startsWith('SSH-')) return { banner: line };
  return {
    seen: `the server on port 22 of the guest is not an ssh server: it sends ${JSON.stringify(line)}`,
  };
}

class Probe implements Disposable {
  readonly connected: Promise<'connected' | 'failed'>;
  /** The first event from the other side. */
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
  await pause(milliseconds, cancelled).catch(() => undefined);
}
