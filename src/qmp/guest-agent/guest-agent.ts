import type { Socket } from 'node:net';
import {
  QmpClosedError,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
  isSystemError,
} from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { JsonObjectScanner } from '../wire/framing.ts';
import type { GuestAgentCommands } from './guest-agent-protocol.ts';
import { type JsonObject, stringifyLossless } from '../wire/lossless-json.ts';
import { readMessage } from '../wire/message.ts';
import type { AnyCommandName, CommandParameters, CommandReturn } from '../protocol/protocol.ts';
import { connectToPath } from '../wire/socket-path.ts';

/** guest-exec-status carries at most 16 MiB of stdout and of stderr, in base64; guest-file-read 48 MiB. */
const MAX_REPLY_BYTES = 80 * 1024 * 1024;
/**
 * Invalid in UTF-8 and so in JSON: resets the agent's parser, and marks its answer to guest-sync-delimited.
 */
const SENTINEL = 0xff;
const SYNC_TIMEOUT_MS = 10_000;

/** Options of `GuestAgentClient.connect`. */
export interface GuestAgentOptions {
  /** Default time limit of each command in milliseconds; 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborts connecting; has no effect afterwards. */
  readonly signal?: AbortSignal | undefined;
}

interface Exchange {
  readonly ids: ReadonlySet<number>;
  readonly answer: Deferred<Answer>;
}

type Answer =
  | { readonly kind: 'return'; readonly id: number; readonly value: unknown }
  /** Created where the caller awaits it, so that it has the caller's stack. */
  | { readonly kind: 'failed'; readonly explain: (name: string) => Error };

/**
 * A connection to the QEMU guest agent. The agent sends no greeting and serves one client; commands run one
 * after another.
 *
 * Bytes that reach the socket before the agent is running are kept and processed later, so a command that
 * timed out may still take effect. Wait for VSERPORT_CHANGE with `open: true` (the port needs an `id`) before
 * connecting.
 */
export class GuestAgentClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #scanner: JsonObjectScanner;
  readonly #timeoutMs: number;
  readonly #closed = deferred<undefined>();
  #turn: Promise<unknown> = Promise.resolve();
  #exchange: Exchange | undefined;
  #lastId = 0;
  /**
   * False after connecting and after each abandoned request: the agent's output may then belong to an earlier
   * request.
   */
  #inSync = false;
  #awaitingSentinel = false;
  #ended = false;
  #closing = false;

  private constructor(socket: Socket, options: GuestAgentOptions) {
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? SYNC_TIMEOUT_MS;
    this.#scanner = new JsonObjectScanner(
      {
        object: (value) => this.#onObject(value),
        // Left over from an earlier client, or sent by a malicious guest; an affected request times out.
        garbage: (problem, excerpt) => {
          if (this.#inSync) {
            this.#fail(() => new QmpProtocolError(`the guest agent sent ${problem}: ${excerpt}`));
          }
        },
      },
      { maxBytes: MAX_REPLY_BYTES },
    );
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.once('end', () => this.#end(undefined));
    socket.once('close', () => this.#end(undefined));
    socket.on('error', (error) => this.#end(isSystemError(error, 'ECONNRESET', 'EPIPE') ? undefined : error));
    socket.resume();
  }

  /**
   * Connects and synchronises with the agent.
   * @throws InvalidInputError for a path longer than 107 bytes, QmpConnectError, TimedOutError when no agent
   * answers, QmpClosedError, or the signal's reason.
   */
  static async connect(path: string, options: GuestAgentOptions = {}): Promise<GuestAgentClient> {
    const { timeoutMs = SYNC_TIMEOUT_MS, signal } = options;
    return GuestAgentClient.synchronize(await connectToPath(path, { timeoutMs, signal }), options);
  }

  /** Synchronises on a connected socket, which is destroyed on failure. */
  static async synchronize(socket: Socket, options: GuestAgentOptions = {}): Promise<GuestAgentClient> {
    const client = new GuestAgentClient(socket, options);
    try {
      await client.execute('guest-ping', {}, { signal: options.signal });
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Resolves when the connection has ended; never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Runs one command after the earlier ones; `timeoutMs` counts from its turn.
   * @throws QmpRefusedError, TimedOutError, QmpClosedError, QmpProtocolError, QmpStateError after `close()`,
   * InvalidInputError, or the signal's reason.
   */
  async execute<Name extends AnyCommandName<GuestAgentCommands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, Limits, GuestAgentCommands>
  ): Promise<CommandReturn<Name, GuestAgentCommands>> {
    const result = this.#inTurn(name, options ?? {}, async (limits) => {
      const { text, id } = this.#request(name, args as JsonObject | undefined);
      return this.#ask(name, text, new Set([id]), limits);
    });
    return result as Promise<CommandReturn<Name, GuestAgentCommands>>;
  }

  /**
   * Runs a command that the agent answers only on failure: guest-shutdown and the guest-suspend-* family.
   * Resolves once the agent has accepted it; QEMU's events show when the guest carries it out.
   * @throws like `execute`.
   */
  async executeWithoutReply(name: string, args: JsonObject = {}, options: Limits = {}): Promise<void> {
    // The agent works in order: an answered ping, or a connection that ended, means that the command was
    // accepted.
    const accepted = this.#inTurn(name, options, async (limits) => {
      const command = this.#request(name, args);
      const ping = this.#request('guest-ping', undefined);
      return this.#ask(name, command.text + ping.text, new Set([command.id, ping.id]), limits);
    });
    try {
      await accepted;
    } catch (error) {
      if (error instanceof QmpClosedError && !this.#closing) return;
      throw error;
    }
  }

  /** Asks the guest to power off, halt or reboot. */
  async shutdown(mode: 'powerdown' | 'halt' | 'reboot' = 'powerdown', options: Limits = {}): Promise<void> {
    return this.executeWithoutReply('guest-shutdown', { mode }, options);
  }

  /** Closes the connection; pending calls reject with QmpClosedError. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#end(undefined);
    return this.closed;
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #inTurn(
    name: string,
    { timeoutMs = this.#timeoutMs, signal }: Limits,
    work: (limits: Limits) => Promise<unknown>,
  ): Promise<unknown> {
    const earlier = this.#turn;
    const turn = deferred<undefined>();
    this.#turn = earlier.then(async () => turn.promise);
    try {
      await withinLimits(name, earlier, { signal });
      if (this.#closing) throw new QmpStateError(`${name} was called after the client was closed`);
      const deadline = Date.now() + timeoutMs;
      const limits = (): Limits => ({ timeoutMs: Math.max(1, deadline - Date.now()), signal });
      if (!this.#inSync) await this.#sync(limits());
      return await work(limits());
    } catch (error) {
      if (error instanceof TimedOutError) throw timedOut(name, timeoutMs, error);
      throw error;
    } finally {
      turn.resolve(undefined);
    }
  }

  /** Discards leftovers of earlier requests, at this end and at the agent's. */
  async #sync(limits: Limits): Promise<void> {
    const id = ++this.#lastId;
    this.#scanner.reset();
    this.#awaitingSentinel = true;
    const { text } = this.#request('guest-sync-delimited', { id });
    const request = Buffer.concat([Buffer.from([SENTINEL]), Buffer.from(text)]);
    await this.#ask('guest-sync-delimited', request, new Set([id]), limits);
    this.#inSync = true;
  }

  #request(name: string, args: JsonObject | undefined): { readonly text: string; readonly id: number } {
    const id = ++this.#lastId;
    const argumentsText = args === undefined ? '{}' : stringifyLossless(args, name);
    const middle = argumentsText === '{}' ? '' : `,"arguments":${argumentsText}`;
    return { text: `{"execute":${JSON.stringify(name)}${middle},"id":${id}}\n`, id };
  }

  async #ask(
    name: string,
    request: string | Buffer,
    ids: ReadonlySet<number>,
    limits: Limits,
  ): Promise<unknown> {
    if (this.#ended) throw new QmpClosedError(name, undefined);
    const exchange: Exchange = { ids, answer: deferred<Answer>() };
    this.#exchange = exchange;
    this.#socket.write(request);
    try {
      const answer = await withinLimits(name, exchange.answer.promise, limits);
      if (answer.kind === 'return') return answer.value;
      throw answer.explain(name);
    } catch (error) {
      if (!(error instanceof QmpRefusedError)) this.#inSync = false;
      throw error;
    } finally {
      this.#exchange = undefined;
    }
  }

  #onData(chunk: Buffer): void {
    let rest = chunk;
    // The agent marks only its answer to a sync; an unexpected mark is a separator as well.
    for (let mark = rest.indexOf(SENTINEL); mark !== -1; mark = rest.indexOf(SENTINEL)) {
      if (!this.#awaitingSentinel) this.#scanner.push(rest.subarray(0, mark));
      this.#scanner.reset();
      this.#awaitingSentinel = false;
      rest = rest.subarray(mark + 1);
    }
    if (!this.#awaitingSentinel && rest.length > 0) this.#scanner.push(rest);
  }

  #onObject(raw: JsonObject): void {
    const message = readMessage(raw);
    const exchange = this.#exchange;
    if (!exchange || !message) return;
    if (!this.#inSync) {
      // Every agent returns the number as the value; old ones return no ID.
      const isOurs = message.kind === 'return' && exchange.ids.has(Number(message.value));
      if (isOurs) exchange.answer.resolve({ kind: 'return', id: 0, value: undefined });
      else this.#awaitingSentinel = true;
      return;
    }
    if (message.kind !== 'return' && message.kind !== 'error') return;
    const id = message.id === undefined ? [...exchange.ids][0] : message.id;
    if (!exchange.ids.has(id as number)) return;
    exchange.answer.resolve(
      message.kind === 'return'
        ? { kind: 'return', id: id as number, value: message.value }
        : {
            kind: 'failed',
            explain: (name) => new QmpRefusedError(name, message.error.class, message.error.desc),
          },
    );
  }

  #fail(explain: (name: string) => Error): void {
    this.#exchange?.answer.resolve({ kind: 'failed', explain });
  }

  #end(cause: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#fail((name) => new QmpClosedError(name, undefined, { cause }));
    this.#closed.resolve(undefined);
  }
}

function timedOut(name: string, timeoutMs: number, cause: Error): TimedOutError {
  return new TimedOutError(name, timeoutMs, {
    hint: 'check that the guest agent is running and serves no other client; the command may still take effect',
    cause,
  });
}
