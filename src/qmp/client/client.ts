import type { Socket } from 'node:net';
import { QmpStateError, TimedOutError } from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { GREETING_TIMEOUT_MS, QmpConnection } from '../connection/connection.ts';
import type { Ending, ProcessExit } from '../connection/ending.ts';
import type { EventStream } from '../connection/event-stream.ts';
import type { QmpGreeting, ReceivedEvent } from '../wire/message.ts';
import type {
  AnyCommandName,
  AnyEventName,
  CommandParameters,
  CommandReturn,
  EventName,
  OutOfBandCommandName,
  QmpEvent,
} from '../protocol/protocol.ts';
import type { QmpCommands, QmpEvents } from '../protocol/protocol.gen.ts';
import { connectToPath } from '../wire/socket-path.ts';
import type { QmpTrace } from '../wire/trace.ts';

export interface QmpClientOptions {
  /** Milliseconds until all is done, from connecting to the end of the negotiation; 10 000 by default. */
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
 * the ones before and during the negotiation included, are kept (the newest 1024, of 4 MiB of JSON) and go to the first
 * subscription that covers the name and to the others of the same turn of the event loop.
 */
export class QmpClient<Commands = QmpCommands, Events = QmpEvents> implements AsyncDisposable {
  readonly #connection: QmpConnection;
  #commandNames: Promise<ReadonlySet<string>> | undefined;

  private constructor(connection: QmpConnection) {
    this.#connection = connection;
  }

  /**
   * Takes over a connected socket, such as the descriptor that QEMU inherited for
   * `-chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control`; it is destroyed when this fails.
   * @throws QmpNoGreetingError, TimedOutError (it greeted, and said no more), QmpProtocolError, QmpClosedError,
   *   QmpCrashedError, or the signal's reason.
   */
  static async negotiate<Commands = QmpCommands, Events = QmpEvents>(
    socket: Socket,
    options: QmpClientOptions = {},
  ): Promise<QmpClient<Commands, Events>> {
    return QmpClient.#begin(socket, options);
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
    const sinceMs = performance.now();
    return QmpClient.#begin(await connectToPath(path, { timeoutMs, signal }), options, sinceMs);
  }

  static async #begin<Commands, Events>(
    socket: Socket,
    options: QmpClientOptions,
    sinceMs?: number,
  ): Promise<QmpClient<Commands, Events>> {
    const connection = new QmpConnection(socket, options);
    try {
      await connection.negotiate(sinceMs);
      return new QmpClient<Commands, Events>(connection);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** QEMU's version and capabilities as it introduced itself. */
  get greeting(): QmpGreeting {
    return this.#connection.greeting;
  }

  /** The last that went over the connection, both ways; also when it has ended. */
  get trace(): QmpTrace {
    return this.#connection.trace;
  }

  /** Settles when the connection has ended, whichever side ended it; never rejects. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  /**
   * Runs a command. Up to 8 are at QEMU at a time, the others wait here in order; so do those that come after SHUTDOWN,
   * until STOP, the end of the connection, or for 10 s: QEMU may crash on a command while it ends.
   * Integers beyond 2^53 may be given as bigint, and are bigint in what is returned.
   * `quit` succeeds when QEMU answers and when it ends the connection.
   * @throws QmpRefusedError, QmpClosedError, QmpCrashedError, TimedOutError, QmpStateError after `close()`,
   *   InvalidInputError for arguments that JSON cannot express, or the signal's reason.
   */
  async execute<Name extends AnyCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    return (await this.#connection.send('execute', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /**
   * Runs a command ahead of those that QEMU has not finished; only few commands allow it.
   * @throws like `execute`; QmpStateError where this QEMU offers no out-of-band execution.
   */
  async executeOutOfBand<Name extends OutOfBandCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    if (!this.#connection.offersOutOfBand)
      throw new QmpStateError('this monitor does not offer out-of-band execution');
    return (await this.#connection.send('exec-oob', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /**
   * Gives QEMU an open file under a name (`getfd`), for commands that take such a name. QEMU's end of it is a file that
   * it need not be able to open; the descriptor stays the caller's, to be closed.
   * @throws what `execute` throws; ProcessStartError, CommandFailedError where it cannot be sent.
   */
  async passFile(name: string, descriptor: number, options?: ExecuteOptions): Promise<void> {
    await this.#connection.send('execute', 'getfd', { fdname: name }, options, descriptor);
  }

  /** Whether this QEMU has the command; asked once a connection. */
  async supports(name: AnyCommandName<Commands>): Promise<boolean> {
    this.#commandNames ??= this.#queryCommandNames();
    return (await this.#commandNames).has(name);
  }

  /**
   * All events, or those of the given names, until the connection ends or the loop is left. A reader that falls
   * behind loses events beyond 1024 or 4 MiB of JSON, those of the most frequent kind first; `dropped` counts them.
   */
  events<Name extends AnyEventName<Events> = EventName<Events>>(
    names?: Name | readonly Name[],
  ): EventStream<QmpEvent<Name, Events>> {
    const list = typeof names === 'string' ? [names] : names;
    return this.#connection.events.stream(list) as unknown as EventStream<QmpEvent<Name, Events>>;
  }

  /**
   * Calls `listener` for each event of a name. What it throws becomes an uncaught exception.
   * @returns the function that unsubscribes.
   */
  on<Name extends AnyEventName<Events>>(
    name: Name,
    listener: (event: QmpEvent<Name, Events>) => void,
  ): () => void {
    return this.#connection.events.subscribe([name], listener as unknown as (event: ReceivedEvent) => void);
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
    const forget = this.#connection.onEnding((ending) => found.resolve(ending));
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
      forget();
    }
  }

  /** Ends the connection; QEMU lives on. Pending calls reject with QmpClosedError. Never rejects. */
  async close(): Promise<void> {
    return this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #queryCommandNames(): Promise<ReadonlySet<string>> {
    try {
      const commands = (await this.#connection.send(
        'execute',
        'query-commands',
        undefined,
        undefined,
      )) as readonly {
        readonly name: string;
      }[];
      return new Set(commands.map((command) => command.name));
    } catch (error) {
      // The next call asks again.
      this.#commandNames = undefined;
      throw error;
    }
  }
}
