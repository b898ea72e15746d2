import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GuestProtocolError, InvalidInputError, TimedOutError } from '../../errors/index.ts';
import { signalName, signalNumber } from '../../util/system/signal-name.ts';
import { deferred } from '../../util/time/deferred.ts';
import {
  type ExecOptions,
  type TerminalSize,
  encodeCommand,
  encodeSize,
  hasInput,
  parseCommand,
} from './command.ts';
import { commandError, commandFailure } from './failure.ts';
import { type Frame, FrameType, REQUEST_MAX, Stream } from './agent-frame.ts';
import { Input } from './input.ts';
import { Output, splitLines } from './output.ts';
import { sendRequest } from './request.ts';
import type { Channel, Session } from './session.ts';
import { startTimer } from '../../util/time/timer.ts';

const DEFAULT_MAX_BUFFER = 16 * 1024 * 1024;

/** How a command in the guest ended: exactly one of exitCode and signal is set. */
export interface GuestResult {
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** Empty if `process.stdout` was taken; with a tty it includes stderr. */
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** True when stdout or stderr exceeded `maxBuffer`; the excess is lost. */
  readonly truncated: boolean;
}

/**
 * A command that runs in the guest. It is a promise of its result, which a non-zero exit status does not reject, and an
 * async iterable of its stdout's lines, without line ends.
 *
 * stdout and stderr are collected for the result until `stdout` or `stderr` is accessed. That stream then belongs to the
 * caller, and slow reading delays this command only.
 *
 * Output of the command itself before its end always arrives. Later output of its children does not, and the result
 * does not wait for them.
 *
 * Rejects with GuestCommandError (it could not be started), GuestClosedError or GuestProtocolError (the
 * connection is lost), TimedOutError, or the abort signal's reason.
 */
export class GuestProcess implements PromiseLike<GuestResult>, AsyncIterable<string>, Channel {
  readonly argv: readonly string[];
  readonly #session: Session;
  readonly #options: ExecOptions;
  readonly #id: number;
  readonly #result = deferred<GuestResult>();
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #stdin: Input | undefined;
  /** Aborts when the command takes no more of the option `input`. */
  readonly #feeding = new AbortController();
  #exit: Pick<GuestResult, 'exitCode' | 'signal'> | undefined;
  #stopTimer: (() => void) | undefined;

  /** Use `GuestAgent.exec`. */
  constructor(session: Session, argv: readonly string[], given: ExecOptions) {
    const options = parseCommand(argv, given);
    const request = encodeCommand(argv, options);
    this.argv = [...argv];
    this.#session = session;
    this.#options = options;
    const limit = options.maxBuffer ?? DEFAULT_MAX_BUFFER;
    this.#stdout = new Output(limit, (bytes) => this.#grant(Stream.output, bytes));
    this.#stderr = new Output(limit, (bytes) => this.#grant(Stream.error, bytes));
    // A terminal has one output.
    if (options.tty) this.#stderr.end();
    if (hasInput(options)) this.#stdin = this.#openInput();
    // Callers that only read the streams get the failure from them.
    this.#result.promise.catch(() => undefined);
    const { signal } = options;
    // Before a lost session fails it.
    if (signal?.aborted) this.#abandon(signal.reason);
    this.#id = session.add(this);
    if (signal?.aborted) {
      session.release(this.#id);
    } else if (request.length > REQUEST_MAX) {
      session.release(this.#id);
      this.fail(commandError({ argv }, 'exec', 'E2BIG'));
    } else if (!session.failure) {
      sendRequest(session, this.#id, request);
      this.#watchLimits();
    }
    // Also after a failure, which closes its source.
    if (options.input !== undefined) this.#feed(options.input);
  }

  /**
   * Standard input of the command. Data that the command does not read is dropped without an error.
   * @throws InvalidInputError when it was started without stdin.
   */
  get stdin(): Writable {
    if (this.#stdin && this.#options.input === undefined) return this.#stdin.stream;
    throw new InvalidInputError(
      'stdin',
      'is not open: start the command with stdin: "pipe" and without the option "input"',
    );
  }

  /** Raw bytes; destroying the stream drops further output, and the command continues. */
  get stdout(): Readable {
    return this.#stdout.take();
  }

  /** Raw bytes; empty with a tty. */
  get stderr(): Readable {
    return this.#stderr.take();
  }

  /**
   * Sends a signal to the command's process group; does nothing after its end.
   * @throws InvalidInputError for a name that Linux does not have.
   */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    const number = signalNumber(signal);
    if (this.#exit === undefined) this.#send(FrameType.signal, 0, Buffer.from([number]));
  }

  /**
   * Resizes the command's terminal, which sends it SIGWINCH.
   * @throws InvalidInputError
   */
  resize(size: TerminalSize): void {
    this.#send(FrameType.resize, 0, encodeSize(size));
  }

  async then<A = GuestResult, B = never>(
    onResult?: ((result: GuestResult) => A | PromiseLike<A>) | null,
    onFailure?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.promise.then(onResult, onFailure);
  }

  /** Handles a failure, as of a promise. */
  async catch<B>(onFailure: (reason: unknown) => B | PromiseLike<B>): Promise<GuestResult | B> {
    return this.#result.promise.catch(onFailure);
  }

  /** Calls back when the command has ended or failed, as of a promise. */
  async finally(onSettled: () => void): Promise<GuestResult> {
    return this.#result.promise.finally(onSettled);
  }

  /** Yields the lines of stdout; leaving the loop early drops further output, and the command continues. */
  [Symbol.asyncIterator](): AsyncIterator<string> {
    return splitLines(this.stdout);
  }

  /** For the session only. */
  receive(frame: Frame): void {
    switch (frame.type) {
      case FrameType.started:
        return;
      case FrameType.data:
        this.#output(frame).push(frame.payload);
        return;
      case FrameType.credit:
        if (frame.payload.length !== 4)
          throw new GuestProtocolError('the guest agent sent an invalid flow-control value');
        this.#stdin?.grant(frame.payload.readUInt32LE(0));
        return;
      case FrameType.end:
        if (frame.flag === Stream.input) this.#refuseInput();
        else this.#output(frame).end();
        this.#settle();
        return;
      case FrameType.exit:
        this.#exit = readExit(frame);
        this.#refuseInput();
        this.#settle();
        return;
      case FrameType.failed: {
        // Only a valid failure ends the channel; an invalid one ends the session and all open channels.
        const failure = commandFailure(frame, { argv: this.argv, ...this.#options });
        this.#session.release(this.#id);
        this.fail(failure);
        return;
      }
      default:
        throw new GuestProtocolError(
          `the guest agent sent an unexpected message of type ${frame.type} during a command`,
        );
    }
  }

  /** For the session only. */
  fail(error: Error): void {
    this.#finish();
    this.#result.reject(error);
    this.#stdout.fail(error);
    this.#stderr.fail(error);
    this.#refuseInput();
  }

  #output({ flag }: Frame): Output {
    if (flag === Stream.output) return this.#stdout;
    if (flag === Stream.error) return this.#stderr;
    throw new GuestProtocolError(`the guest agent sent data for an unknown stream (number ${flag})`);
  }

  #send(type: number, flag: number, payload?: Uint8Array): void {
    this.#session.send(type, flag, this.#id, payload);
  }

  #grant(stream: number, bytes: number): void {
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(bytes);
    this.#send(FrameType.credit, stream, credit);
  }

  #openInput(): Input {
    return new Input(
      (bytes) => this.#send(FrameType.data, Stream.input, bytes),
      () => this.#send(FrameType.end, Stream.input),
    );
  }

  #feed(input: NonNullable<ExecOptions['input']>): void {
    const stream = this.#stdin?.stream;
    if (!stream) return;
    if (typeof input === 'string' || input instanceof Uint8Array) {
      stream.end(input);
      return;
    }
    const { signal } = this.#feeding;
    pipeline(input, stream, { signal }).catch((error: unknown) => {
      if (!signal.aborted) this.#giveUp(error);
    });
  }

  /** The rest is dropped, and its source closed: it may be endless. */
  #refuseInput(): void {
    this.#stdin?.refuse();
    this.#feeding.abort();
  }

  #watchLimits(): void {
    const { timeoutMs, signal } = this.#options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs === undefined) return;
    const what = `${this.argv[0] ?? 'the command'} in the guest`;
    this.#stopTimer = startTimer(timeoutMs, () => this.#giveUp(new TimedOutError(what, timeoutMs)));
  }

  readonly #onAbort = (): void => {
    this.#giveUp(this.#options.signal?.reason);
  };

  /** Kills the command without waiting for its end; its channel stays open until the agent has reported it. */
  #giveUp(reason: unknown): void {
    this.kill('SIGKILL');
    this.#abandon(reason);
  }

  #abandon(reason: unknown): void {
    this.#finish();
    this.#result.reject(reason);
    const error =
      reason instanceof Error ? reason : new Error('the command was cancelled', { cause: reason });
    this.#stdout.take().destroy(error);
    this.#stderr.take().destroy(error);
    this.#refuseInput();
  }

  #settle(): void {
    if (!this.#exit) return;
    if (this.#stdout.ended && this.#stderr.ended) this.#session.release(this.#id);
    // A taken stream may be read at any time; the result does not wait for it.
    for (const output of [this.#stdout, this.#stderr]) if (!output.ended && !output.taken) return;
    this.#finish();
    this.#result.resolve({
      ...this.#exit,
      stdout: this.#stdout.collected(),
      stderr: this.#stderr.collected(),
      truncated: this.#stdout.truncated || this.#stderr.truncated,
    });
  }

  #finish(): void {
    this.#stopTimer?.();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

function readExit({ payload }: Frame): Pick<GuestResult, 'exitCode' | 'signal'> {
  const [exitCode, signal] = payload;
  if (exitCode === undefined || signal === undefined) {
    throw new GuestProtocolError('the guest agent reported the end of a command without its exit status');
  }
  if (signal === 0) return { exitCode, signal: undefined };
  return { exitCode: undefined, signal: signalName(signal) };
}
