import type { Socket } from 'node:net';
import {
  QmpClosedError,
  QmpNoGreetingError,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
  isSystemError,
} from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { isAnswerTo } from './answers.ts';
import { type Command, CommandWindow, type Outcome } from './command-window.ts';
import { type Ending, type ProcessExit, explainEnd } from './ending.ts';
import { EventHub } from './event-hub.ts';
import { Outgoing } from './outgoing.ts';
import { requestHead } from './request-head.ts';
import { ShutdownHold } from './shutdown-hold.ts';
import { JsonObjectScanner } from '../wire/framing.ts';
import type { JsonObject } from '../wire/lossless-json.ts';
import { type Message, type QmpGreeting, readMessage } from '../wire/message.ts';
import { QmpTrace } from '../wire/trace.ts';
import { sendWithFile } from '../../process/send-with-file.ts';
import { keepReadingAfterFailedWrites } from '../../process/output/failed-writes.ts';

export const GREETING_TIMEOUT_MS = 10_000;
/**
 * After the process has exited or stopped reading, its end of the stream may still be held open by a child.
 */
const ORPHANED_STREAM_MS = 1_000;

export interface ConnectionOptions {
  readonly greetingTimeoutMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly processExit?: Promise<ProcessExit> | undefined;
}

/** One connection to a monitor, from its greeting to its end: sends requests, receives replies and events. */
export class QmpConnection {
  readonly events = new EventHub();
  readonly trace = new QmpTrace();
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #scanner: JsonObjectScanner;
  readonly #window: CommandWindow;
  readonly #outgoing: Outgoing;
  readonly #shutdownHold: ShutdownHold;
  readonly #greeted = deferred<QmpGreeting>();
  readonly #closed = deferred<undefined>();
  readonly #onEnding = new Set<(ending: Ending) => void>();
  #hasGreeted = false;
  #greeting: QmpGreeting | undefined;
  #streamEnded = false;
  #closing = false;
  #ending: Ending | undefined;
  #orphanTimer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#scanner = new JsonObjectScanner({
      object: (value, bytes) => this.#onObject(value, bytes),
      garbage: (problem, excerpt) => this.#breakOff(`sent ${problem}: ${excerpt}`),
    });
    this.#outgoing = new Outgoing(socket, this.trace);
    this.#window = new CommandWindow((text) => this.#outgoing.write(text));
    this.#shutdownHold = new ShutdownHold(this.#window);
    this.#greeted.promise.catch(ignoreUnheard);
    keepReadingAfterFailedWrites(socket, () => this.#expectStreamEnd());
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.once('end', () => this.#onStreamEnd(undefined));
    socket.once('close', () => this.#onStreamEnd(undefined));
    // A dying QEMU shows up as ECONNRESET or EPIPE as often as by an orderly end.
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

  /** @throws QmpStateError before the negotiation. */
  get greeting(): QmpGreeting {
    if (!this.#greeting) throw new QmpStateError('QEMU has not sent its QMP greeting yet');
    return this.#greeting;
  }

  get offersOutOfBand(): boolean {
    return this.greeting.capabilities.includes('oob');
  }

  /** Resolves when nothing more can arrive; never rejects. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Calls `listener` once, when the end is known; immediately if it already is.
   * @returns a function that unsubscribes.
   */
  onEnding(listener: (ending: Ending) => void): () => void {
    if (this.#ending) listener(this.#ending);
    else this.#onEnding.add(listener);
    return () => void this.#onEnding.delete(listener);
  }

  /**
   * Waits for the greeting and enables the capabilities that the monitor offers.
   * @param sinceMs start of the time limit, on the clock of `performance.now()`; now by default.
   */
  async negotiate(sinceMs = performance.now()): Promise<void> {
    const { greetingTimeoutMs = GREETING_TIMEOUT_MS, signal } = this.#options;
    const timeoutMs = Math.max(0, sinceMs + greetingTimeoutMs - performance.now());
    try {
      await withinLimits('QMP negotiation', this.#negotiate(), { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof TimedOutError)) throw error;
      if (this.#hasGreeted) throw new TimedOutError('QMP negotiation', greetingTimeoutMs, { cause: error });
      throw new QmpNoGreetingError(
        `timed out after ${greetingTimeoutMs / 1000} s waiting for the QMP greeting`,
        {
          hint: 'check that the socket is a QMP monitor, that QEMU is not stopped, and that no other client is connected (QEMU serves one at a time)',
          cause: error,
        },
      );
    }
  }

  async #negotiate(): Promise<void> {
    this.#greeting = await this.#greeted.promise;
    const args = this.offersOutOfBand ? { enable: ['oob'] } : {};
    const timeoutMs = this.#options.greetingTimeoutMs ?? GREETING_TIMEOUT_MS;
    await this.send('execute', 'qmp_capabilities', args, { timeoutMs });
  }

  /** Runs one command; throws like `QmpClient.execute`. @param file an open file sent with the command. */
  async send(
    verb: 'execute' | 'exec-oob',
    name: string,
    args: unknown,
    options: Limits | undefined,
    file?: number,
  ): Promise<unknown> {
    const command = this.#command(verb, name, args, options, file);
    const outcome = await new Promise<Outcome>((settle) => this.#window.run(command, settle));
    if (outcome.failed) throw outcome.explain();
    // A QEMU controlled by its guest may answer anything.
    if (!isAnswerTo(name, outcome.value)) {
      throw new QmpProtocolError(`QEMU sent an invalid answer to ${name}`);
    }
    return outcome.value;
  }

  /** Closes the connection; QEMU keeps running. Pending calls reject with QmpClosedError. Never rejects. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#finish(
      (what) =>
        new QmpClosedError(what, undefined, {
          hint: 'this process closed the client too early: call close() only after all commands have completed',
        }),
    );
    this.#onStreamEnd(undefined);
    return this.closed;
  }

  /** @throws the reason why the command cannot be sent. */
  #command(
    verb: 'execute' | 'exec-oob',
    name: string,
    args: unknown,
    options: Limits | undefined,
    file: number | undefined,
  ): Command {
    if (this.#closing) throw new QmpStateError(`${name} was called after the client was closed`);
    if (this.#ending) throw this.#ending(name);
    const head = requestHead(verb, name, args);
    const limits = {
      timeoutMs: options?.timeoutMs ?? this.#options.timeoutMs,
      signal: options?.signal,
    };
    const deliver =
      file === undefined
        ? undefined
        : async (text: string) => {
            this.trace.record('sent', text);
            await sendWithFile(this.#socket, text, file, limits.signal);
          };
    return { name, outOfBand: verb === 'exec-oob', head, limits, deliver };
  }

  #onData(chunk: Buffer): void {
    this.trace.record('received', chunk);
    this.#outgoing.gather(() => this.#scanner.push(chunk));
  }

  #onObject(raw: JsonObject, bytes: number): void {
    if (this.#streamEnded) return;
    const message = readMessage(raw);
    if (!message) {
      this.#breakOff(
        `sent an object that is not a QMP message (keys: ${Object.keys(raw).slice(0, 5).join(', ')})`,
      );
      return;
    }
    switch (message.kind) {
      case 'event':
        this.#shutdownHold.follow(message.event.event);
        this.events.emit(message.event, bytes);
        break;
      case 'greeting':
        if (this.#hasGreeted) return this.#breakOff('sent a second greeting');
        this.#hasGreeted = true;
        this.#greeted.resolve(message.greeting);
        break;
      default:
        this.#onReply(message);
    }
  }

  #onReply(reply: Extract<Message, { kind: 'return' | 'error' }>): void {
    // QEMU cannot return the ID of a request that it failed to parse.
    const id = reply.kind === 'error' && reply.id === undefined ? this.#window.oldestId() : reply.id;
    const known = this.#window.settleReply(id, (name) =>
      reply.kind === 'return'
        ? { failed: false, value: reply.value }
        : { failed: true, explain: () => new QmpRefusedError(name, reply.error.class, reply.error.desc) },
    );
    if (!known) this.#breakOff(`answered a command that this client did not send (id ${String(id)})`);
  }

  /** After a broken message, later messages cannot be matched to requests. */
  #breakOff(problem: string): void {
    if (this.#streamEnded) return;
    const hint = this.#hasGreeted ? undefined : 'check that the socket is a QMP monitor of QEMU';
    this.#finish((what) => new QmpProtocolError(`${what} failed: the peer ${problem}`, { hint }));
    this.#onStreamEnd(undefined);
  }

  #expectStreamEnd(): void {
    if (this.#streamEnded || this.#orphanTimer) return;
    this.#orphanTimer = setTimeout(() => this.#onStreamEnd(undefined), ORPHANED_STREAM_MS);
  }

  #onStreamEnd(cause: Error | undefined): void {
    if (this.#streamEnded) return;
    this.#streamEnded = true;
    clearTimeout(this.#orphanTimer);
    this.#shutdownHold.close();
    this.#outgoing.close();
    this.#socket.destroy();
    this.#scanner.reset();
    this.#window.resolveAll('quit', {});
    this.events.end();
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
    this.#greeted.reject(ending('QMP negotiation'));
    this.#window.failAll(ending);
    for (const listener of this.#onEnding) listener(ending);
    this.#onEnding.clear();
  }
}

function ignoreUnheard(): void {
  // The negotiation that handles this rejection may already be over.
}
