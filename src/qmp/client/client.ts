import type { Socket } from 'node:net';
import { QmpStateError, TimedOutError } from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { GREETING_TIMEOUT_MS, QmpConnection } from '../connection/qmp-connection.ts';
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

/** Options of `QmpClient.connect`. */
export interface QmpClientOptions {
  /** Milliseconds for connecting and negotiating together; 10 000 by default. */
  readonly greetingTimeoutMs?: number | undefined;
  /** Default time limit of each command in milliseconds; no limit by default. */
  readonly timeoutMs?: number | undefined;
  /** Aborts connecting and negotiating; has no effect afterwards. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How QEMU ended, if the caller started it. Calls that fail because the connection ended then wait for it,
   * up to 5 s, and their errors say how QEMU died.
   */
  readonly processExit?: Promise<ProcessExit> | undefined;
}

/** `timeoutMs` counts from the call, including the time in the queue. Neither limit undoes the command. */
export type ExecuteOptions = Limits;

/** Options of a wait for an event. */
export interface WaitOptions<Event> extends Limits {
  /** Condition that an event has to meet; by default the first event ends the wait. */
  readonly where?: ((event: Event) => boolean) | undefined;
}

/**
 * A negotiated QMP connection. It ends with the socket, with `close()`, or when the peer violates the
 * protocol.
 *
 * Events go to the subscribers at the time of their arrival. Events without any subscriber so far, including
 * those before and during the negotiation, are kept (the newest 1024, up to 4 MiB of JSON) and go to the
 * first subscription that covers their name and to the others made in the same turn of the event loop.
 */
export class QmpClient<Commands = QmpCommands, Events = QmpEvents> implements AsyncDisposable {
  readonly #connection: QmpConnection;
  #commandNames: Promise<ReadonlySet<string>> | undefined;

  private constructor(connection: QmpConnection) {
    this.#connection = connection;
  }

  /**
   * Takes over a connected socket, such as the descriptor that QEMU inherited for `-chardev
   * socket,id=qmp,fd=3 -mon chardev=qmp,mode=control`; on failure it is destroyed.
   * @throws QmpNoGreetingError, TimedOutError (the negotiation stalled after the greeting), QmpProtocolError,
   * QmpClosedError, QmpCrashedError, or the signal's reason.
   */
  static async negotiate<Commands = QmpCommands, Events = QmpEvents>(
    socket: Socket,
    options: QmpClientOptions = {},
  ): Promise<QmpClient<Commands, Events>> {
    return QmpClient.#begin(socket, options);
  }

  /**
   * Connects to a monitor's socket path.
   * @throws InvalidInputError for a path longer than 107 bytes, QmpConnectError, and the errors of
   * `negotiate`.
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

  /** QEMU's version and capabilities, from its greeting. */
  get greeting(): QmpGreeting {
    return this.#connection.greeting;
  }

  /** The most recent messages in both directions; also available after the end of the connection. */
  get trace(): QmpTrace {
    return this.#connection.trace;
  }

  /** Resolves when the connection has ended on either side; never rejects. */
  get closed(): Promise<void> {
    return this.#connection.closed;
  }

  /**
   * Runs a command. Up to 8 commands are sent to QEMU at a time; the others are queued here in order.
   * Commands after SHUTDOWN are also queued, until STOP, the end of the connection, or for 10 s, because QEMU
   * may crash on a command while it shuts down. Integers beyond 2^53 can be passed as bigint, and are
   * returned as bigint. `quit` succeeds when QEMU answers and also when it closes the connection.
   * @throws QmpRefusedError, QmpClosedError, QmpCrashedError, TimedOutError, QmpStateError after `close()`,
   * InvalidInputError for arguments that JSON cannot represent, or the signal's reason.
   */
  async execute<Name extends AnyCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    return (await this.#connection.send('execute', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /**
   * Runs a command ahead of unfinished ones; only a few commands permit it.
   * @throws like `execute`; QmpStateError if this QEMU does not offer out-of-band execution.
   */
  async executeOutOfBand<Name extends OutOfBandCommandName<Commands>>(
    name: Name,
    ...[args, options]: CommandParameters<Name, ExecuteOptions, Commands>
  ): Promise<CommandReturn<Name, Commands>> {
    if (!this.#connection.offersOutOfBand)
      throw new QmpStateError('this monitor does not offer out-of-band execution', {
        hint: 'call execute instead; the command then waits for earlier commands',
      });
    return (await this.#connection.send('exec-oob', name, args, options)) as CommandReturn<Name, Commands>;
  }

  /**
   * Passes an open file to QEMU under a name (`getfd`), for commands that accept such a name. QEMU need not
   * be able to open the file itself. The descriptor stays with the caller, who closes it.
   * @throws the errors of `execute`; ProcessStartError or CommandFailedError if it cannot be sent.
   */
  async passFile(name: string, descriptor: number, options?: ExecuteOptions): Promise<void> {
    await this.#connection.send('execute', 'getfd', { fdname: name }, options, descriptor);
  }

  /** Whether this QEMU has the command; queried once for each connection. */
  async supports(name: AnyCommandName<Commands>): Promise<boolean> {
    this.#commandNames ??= this.#queryCommandNames();
    return (await this.#commandNames).has(name);
  }

  /**
   * Iterates over all events, or those of the given names, until the connection ends or the loop is left. A
   * slow reader loses events beyond 1024 or 4 MiB of JSON, those of the most frequent kind first; `dropped`
   * counts them.
   */
  events<Name extends AnyEventName<Events> = EventName<Events>>(
    names?: Name | readonly Name[],
  ): EventStream<QmpEvent<Name, Events>> {
    const list = typeof names === 'string' ? [names] : names;
    return this.#connection.events.stream(list) as unknown as EventStream<QmpEvent<Name, Events>>;
  }

  /**
   * Calls `listener` for each event of a name. Its exceptions become uncaught exceptions.
   * @returns a function that unsubscribes.
   */
  on<Name extends AnyEventName<Events>>(
    name: Name,
    listener: (event: QmpEvent<Name, Events>) => void,
  ): () => void {
    return this.#connection.events.subscribe([name], listener as unknown as (event: ReceivedEvent) => void);
  }

  /**
   * Waits for one event. Call it before the command that causes the event: QEMU sends STOP before it answers
   * `stop`.
   * @throws QmpClosedError or QmpCrashedError when the connection ends first, TimedOutError, the signal's
   * reason, or an error thrown by `where`.
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
      // Created here, so that it has the caller's stack and not a timer's.
      if (error instanceof TimedOutError) throw new TimedOutError(what, error.timeoutMs);
      throw error;
    } finally {
      unsubscribe();
      forget();
    }
  }

  /** Closes the connection; QEMU keeps running. Pending calls reject with QmpClosedError. Never rejects. */
  async close(): Promise<void> {
    return this.#connection.close();
  }

  /** Closes the connection. */
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
      // The next call queries them again.
      this.#commandNames = undefined;
      throw error;
    }
  }
}
