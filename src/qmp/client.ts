import type { Socket } from 'node:net';
import {
  InvalidInputError,
  QmpClosedError,
  QmpNoGreetingError,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
  isSystemError,
} from '../errors.ts';
import { type Limits, withinLimits } from '../util/deadline.ts';
import { deferred } from '../util/deferred.ts';
import { type Command, CommandWindow, type Outcome } from './command-window.ts';
import { type Ending, type ProcessExit, explainEnd } from './ending.ts';
import { EventHub } from './event-hub.ts';
import type { EventStream } from './event-stream.ts';
import { JsonObjectScanner } from './framing.ts';
import { type JsonObject, isWellFormed, stringifyLossless } from './lossless-json.ts';
import { type Message, type QmpGreeting, type ReceivedEvent, readMessage } from './message.ts';
import type {
  AnyCommandName,
  AnyEventName,
  CommandParameters,
  CommandReturn,
  EventName,
  OutOfBandCommandName,
  QmpEvent,
} from './protocol.ts';
import type { QmpCommands, QmpEvents } from './protocol.gen.ts';
import { connectToPath } from './socket-path.ts';

const GREETING_TIMEOUT_MS = 10_000;
/** After the process is gone, a child of it may still hold the other end open. */
const ORPHANED_STREAM_MS = 1_000;

export interface QmpClientOptions {
  /** Milliseconds until the greeting and the negotiation must be done; 10 000 by default. */
  readonly greetingTimeoutMs?: number | undefined;
  /** The limit in milliseconds of each command that has none of its own; none by default. */
  readonly timeoutMs?: number | undefined;
  /** Gives up connecting and negotiating; it has no effect later. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How QEMU ended, where the caller started it. Calls that hang on a connection that ended then wait for it too,
   * up to 5 s, and their errors say how QEMU died.
   */
  readonly processExit?: Promise<ProcessExit> | undefined;
}

/** `timeoutMs` counts from the call, waiting for a place at QEMU included. Neither limit undoes the command. */
export type ExecuteOptions = Limits;

export interface WaitOptions<Event> extends Limits {
  /** Only an event for which this is true ends the wait; the first one by default. */
  readonly where?: ((event: Event) => boolean) | undefined;
}

/**
 * A negotiated QMP connection. It ends with the socket, with `close()`, or when the peer breaks the protocol.
 *
 * Events go to whoever is subscribed when they arrive. Those of a name to which nobody has subscribed yet,
 * the ones before and during the negotiation included, are kept (the newest 1024) and go to the first
 * subscription that covers the name and to the others of the same turn of the event loop.
 */
export class QmpClient<Commands = QmpCommands, Events = QmpEvents> implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #options: QmpClientOptions;
  readonly #scanner: JsonObjectScanner;
  readonly #events = new EventHub();
  readonly #window: CommandWindow;
  readonly #greeted = deferred<QmpGreeting>();
  readonly #closed = deferred<undefined>();
  readonly #waits = new Set<(ending: Ending) => void>();
  #greeting: QmpGreeting | undefined;
  #outOfBand = false;
  #streamEnded = false;
  #closing = false;
  #ending: Ending | undefined;
  #commandNames: Promise<ReadonlySet<string>> | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;
  /** Requests that were caused by one read go out in one write. */
  #outgoing: string | undefined;

  private constructor(socket: Socket, options: QmpClientOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#scanner = new JsonObjectScanner({
      object: (value) => this.#onObject(value),
      garbage: (problem, excerpt) => this.#breakOff(`sent ${problem}: ${excerpt}`),
    });
    this.#window = new CommandWindow((text) => this.#write(text));
    this.#greeted.promise.catch(ignoreUnheard);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.once('end', () => this.#onStreamEnd(undefined));
    socket.once('close', () => this.#onStreamEnd(undefined));
    // A dying QEMU shows as ECONNRESET or EPIPE as often as by an orderly end.
    socket.on('error', (error) =>
      this.#onStreamEnd(isSystemError(error, 'ECONNRESET', 'EPIPE') ? undefined : error),
    );
    socket.resume();
    void options.processExit?.then(
      () => this.#expectStreamEnd(),
      // explainEnd reports it to the calls that depend on it.
      () => undefined,
    );
  }

  /**
   * Takes over a connected socket, such as the descriptor that QEMU inherited for
   * `-chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control`; it is destroyed when this fails.
   * @throws QmpNoGreetingError, QmpProtocolError, QmpClosedError, QmpCrashedError, or the signal's reason.
   */
  static async negotiate<Commands = QmpCommands, Events = QmpEvents>(
    socket: Socket,
    options: QmpClientOptions = {},
  ): Promise<QmpClient<Commands, Events>> {
    const client = new QmpClient<Commands, Events>(socket, options);
    try {
      await client.#negotiate();
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /**
   * Connects to a monitor's socket path.
   * @throws InvalidInputError for a path longer than 107 bytes, QmpConnectError, and what `negotiate` throws.
   */
  static async connect<Commands = QmpCommands, Events = QmpEvents>(
    path: string,
    options: QmpClientOptions = {},
  ): Promise<QmpClient<Commands, Events>> {
    const { greetingTimeoutMs: timeoutMs = GREETING_TIMEOUT_MS, signal } = options;
    return QmpClient.negotiate(await connectToPath(path, { timeoutMs, signal }), options);
  }

  /** QEMU's version and capabilities as it introduced itself. */
  get greeting(): QmpGreeting {
    if (!this.#greeting) throw new QmpStateError('the connection is not negotiated');
    return this.#greeting;
  }

  /** Settles when the connection has ended, whichever side ended it; never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Runs a command. Up to 8 are at QEMU at a time, the others wait here in order.
   * Integers beyond 2^53 may be given as bigint, and are bigint in what is returned.
   * `quit` succeeds when QEMU answers and when it ends the connection.
   * @throws QmpRefusedError, QmpClosedError, QmpCrashedError, TimedOutError, QmpStateError after `close()`,
   *   InvalidInputError for arguments that JSON cannot express, or the signal's reason.
   */
  async execute<Name extends AnyCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    return (await this.#send('execute', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /**
   * Runs a command ahead of those that QEMU has not finished; only few commands allow it.
   * @throws like `execute`; QmpStateError where this QEMU offers no out-of-band execution.
   */
  async executeOutOfBand<Name extends OutOfBandCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    if (!this.#outOfBand) throw new QmpStateError('this monitor does not offer out-of-band execution');
    return (await this.#send('exec-oob', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /** Whether this QEMU has the command; asked once a connection. */
  async supports(name: AnyCommandName<Commands>): Promise<boolean> {
    this.#commandNames ??= this.#queryCommandNames();
    return (await this.#commandNames).has(name);
  }

  /**
   * All events, or those of the given names, until the connection ends or the loop is left. A reader that falls
   * behind loses events beyond 1024, those of the most frequent kind first; `dropped` counts them.
   */
  events<Name extends AnyEventName<Events> = EventName<Events>>(
    names?: Name | readonly Name[],
  ): EventStream<QmpEvent<Name, Events>> {
    const list = typeof names === 'string' ? [names] : names;
    return this.#events.stream(list) as unknown as EventStream<QmpEvent<Name, Events>>;
  }

  /**
   * Calls `listener` for each event of a name. What it throws becomes an uncaught exception.
   * @returns the function that unsubscribes.
   */
  on<Name extends AnyEventName<Events>>(
    name: Name,
    listener: (event: QmpEvent<Name, Events>) => void,
  ): () => void {
    return this.#events.subscribe([name], listener as unknown as (event: ReceivedEvent) => void);
  }

  /**
   * Waits for one event. Call it before the command that causes the event, for QEMU sends STOP before it
   * answers `stop`.
   * @throws QmpClosedError or QmpCrashedError when the connection ends first, TimedOutError, the signal's
   *   reason, or what `where` throws.
   */
  async waitFor<Name extends AnyEventName<Events>>(
    name: Name,
    options: WaitOptions<QmpEvent<Name, Events>> = {},
  ): Promise<QmpEvent<Name, Events>> {
    const what = `waiting for ${name}`;
    const found = deferred<QmpEvent<Name, Events> | Ending>();
    const onEnding = (ending: Ending): void => found.resolve(ending);
    this.#waits.add(onEnding);
    if (this.#ending) onEnding(this.#ending);
    const unsubscribe = this.on(name, (event) => {
      try {
        if (options.where?.(event) ?? true) found.resolve(event);
      } catch (error) {
        found.reject(error);
      }
    });
    try {
      const result = await withinLimits(what, found.promise, options);
      if (typeof result === 'function') throw result(what);
      return result;
    } catch (error) {
      // Made anew, so that it carries the caller's stack and not a timer's.
      if (error instanceof TimedOutError) throw new TimedOutError(what, error.timeoutMs);
      throw error;
    } finally {
      unsubscribe();
      this.#waits.delete(onEnding);
    }
  }

  /** Ends the connection; QEMU lives on. Pending calls reject with QmpClosedError. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#finish((what) => new QmpClosedError(what, undefined, { hint: 'the client was closed here' }));
    this.#onStreamEnd(undefined);
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #negotiate(): Promise<void> {
    const { greetingTimeoutMs: timeoutMs = GREETING_TIMEOUT_MS, signal } = this.#options;
    try {
      this.#greeting = await withinLimits('the greeting', this.#greeted.promise, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
      throw new QmpNoGreetingError(`connected, but no QMP greeting came within ${timeoutMs / 1000} s`, {
        hint: 'another client holds this monitor (QEMU serves one at a time), QEMU is stopped, or it is no QMP monitor',
        cause: error,
      });
    }
    const offersOutOfBand = this.#greeting.capabilities.includes('oob');
    const args = offersOutOfBand ? { enable: ['oob'] } : {};
    await this.#send('execute', 'qmp_capabilities', args, { timeoutMs, signal });
    this.#outOfBand = offersOutOfBand;
  }

  async #queryCommandNames(): Promise<ReadonlySet<string>> {
    try {
      const commands = (await this.#send('execute', 'query-commands', undefined, undefined)) as readonly {
        readonly name: string;
      }[];
      return new Set(commands.map((command) => command.name));
    } catch (error) {
      // The next call asks again.
      this.#commandNames = undefined;
      throw error;
    }
  }

  async #send(
    verb: 'execute' | 'exec-oob',
    name: string,
    args: unknown,
    options: ExecuteOptions | undefined,
  ): Promise<unknown> {
    const command = this.#command(verb, name, args, options);
    const outcome = await new Promise<Outcome>((settle) => this.#window.run(command, settle));
    if (outcome.failed) throw outcome.explain();
    return outcome.value;
  }

  /** @throws what keeps the command from being sent. */
  #command(
    verb: 'execute' | 'exec-oob',
    name: string,
    args: unknown,
    options: ExecuteOptions | undefined,
  ): Command {
    if (this.#closing) throw new QmpStateError(`${name} after the client was closed`);
    if (this.#ending) throw this.#ending(name);
    if (!isWellFormed(name) || name === '') {
      throw new InvalidInputError('command', `${JSON.stringify(name)} is not a command name`);
    }
    const limits = {
      timeoutMs: options?.timeoutMs ?? this.#options.timeoutMs,
      signal: options?.signal,
    };
    const argumentsText = args === undefined ? '' : stringifyLossless(args as JsonObject, name);
    const head = `{"${verb}":${JSON.stringify(name)}${argumentsText.length > 2 ? `,"arguments":${argumentsText}` : ''}`;
    return { name, outOfBand: verb === 'exec-oob', head, limits };
  }

  #write(text: string): void {
    if (this.#streamEnded) return;
    if (this.#outgoing === undefined) this.#socket.write(text);
    else this.#outgoing += text;
  }

  #onData(chunk: Buffer): void {
    this.#outgoing = '';
    try {
      this.#scanner.push(chunk);
    } finally {
      const text = this.#outgoing;
      this.#outgoing = undefined;
      if (text !== '') this.#write(text);
    }
  }

  #onObject(raw: JsonObject): void {
    if (this.#streamEnded) return;
    const message = readMessage(raw);
    if (!message) {
      this.#breakOff(
        `sent an object that is no QMP message, with ${Object.keys(raw).slice(0, 5).join(', ')}`,
      );
      return;
    }
    switch (message.kind) {
      case 'event':
        this.#events.emit(message.event);
        break;
      case 'greeting':
        this.#greeted.resolve(message.greeting);
        break;
      default:
        this.#onReply(message);
    }
  }

  #onReply(reply: Extract<Message, { kind: 'return' | 'error' }>): void {
    // QEMU cannot tell the id of a request that it failed to parse.
    const id = reply.kind === 'error' && reply.id === undefined ? this.#window.oldestId() : reply.id;
    const known = this.#window.settleReply(id, (name) =>
      reply.kind === 'return'
        ? { failed: false, value: reply.value }
        : { failed: true, explain: () => new QmpRefusedError(name, reply.error.class, reply.error.desc) },
    );
    if (!known) this.#breakOff(`answered a command that was not sent, id ${String(id)}`);
  }

  /** Nothing after a broken message can be trusted to belong to what was asked. */
  #breakOff(problem: string): void {
    if (this.#streamEnded) return;
    this.#finish((what) => new QmpProtocolError(`${what} failed: the peer ${problem}`));
    this.#onStreamEnd(undefined);
  }

  #expectStreamEnd(): void {
    if (this.#streamEnded) return;
    this.#orphanTimer = setTimeout(() => this.#onStreamEnd(undefined), ORPHANED_STREAM_MS);
  }

  #onStreamEnd(cause: Error | undefined): void {
    if (this.#streamEnded) return;
    this.#streamEnded = true;
    clearTimeout(this.#orphanTimer);
    this.#socket.destroy();
    this.#scanner.reset();
    this.#window.resolveAll('quit', {});
    this.#events.end();
    this.#closed.resolve(undefined);
    if (this.#ending) return;
    void explainEnd(this.#options.processExit, cause).then(
      (ending) => this.#finish(ending),
      (error: unknown) => this.#finish((what) => new QmpClosedError(what, undefined, { cause: error })),
    );
  }

  #finish(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    this.#greeted.reject(ending('the negotiation'));
    this.#window.failAll(ending);
    for (const wait of this.#waits) wait(ending);
  }
}

function ignoreUnheard(): void {
  // The negotiation that hears this rejection may be over already.
}
