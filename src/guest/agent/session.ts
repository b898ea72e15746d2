import type { Socket } from 'node:net';
import { GuestClosedError, GuestProtocolError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type Frame, FrameDecoder, FrameType, GarbageError, encodeHeader } from './agent-frame.ts';
import { type HelloReason, decodeHello } from './greeting.ts';

/** A pending request: receives frames until the session ends or the channel is released. */
export interface Channel {
  /** @throws GuestProtocolError for an invalid frame, which ends the session. */
  receive(frame: Frame): void;
  /** Called at the end of the session, after which no frame arrives. */
  fail(error: Error): void;
}

/** Provides a better error for a lost connection, when the caller knows how the machine ended. */
export type ExplainLoss = (loss: GuestClosedError) => Promise<Error>;

/** After a loss, the result of running commands is unknown. */
const CHECK_GUEST =
  'check whether the guest is still running, and what the interrupted command has already done; then try again';

/** The agent's connection after its greeting: frames of numbered channels. */
export class Session {
  readonly #connection: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new Map<number, Channel>();
  readonly #closed = deferred<undefined>();
  readonly #explainLoss: ExplainLoss | undefined;
  #lastId = 0;
  #lost = false;
  #failure: Error | undefined;

  /** @param early bytes that arrived after the greeting. */
  constructor(connection: Socket, early: Buffer, explainLoss: ExplainLoss | undefined) {
    this.#connection = connection;
    this.#explainLoss = explainLoss;
    connection.on('data', this.#onData);
    connection.on('error', this.#onError);
    connection.once('close', this.#onClose);
    connection.once('end', this.#onClose);
    this.#onData(early);
    if (connection.destroyed || connection.readableEnded) this.#onClose();
  }

  /** Resolves at the end of the session, for any reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Why the session has ended; undefined until then. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Adds a channel and returns its number. Fails it at once when the session has ended. */
  add(channel: Channel): number {
    this.#lastId = this.#lastId === 0xffffffff ? 1 : this.#lastId + 1;
    const id = this.#lastId;
    if (this.#failure) channel.fail(this.#failure);
    else this.#channels.set(id, channel);
    return id;
  }

  /** Removes a channel after its last frame. */
  release(id: number): void {
    this.#channels.delete(id);
  }

  send(type: number, flag: number, channel: number, payload?: Uint8Array): void {
    if (this.#failure || this.#lost) return;
    const header = encodeHeader(type, flag, channel, payload?.length ?? 0);
    if (payload === undefined || payload.length === 0) {
      this.#connection.write(header);
      return;
    }
    this.#connection.cork();
    this.#connection.write(header);
    this.#connection.write(payload);
    this.#connection.uncork();
  }

  /** Ends the session: every channel fails with `error`, and the connection is closed. */
  end(error: Error): void {
    if (this.#failure) return;
    this.#detach(error);
    this.#connection.destroy();
  }

  /** Ends the session without closing the connection, on which another session can begin. */
  handOver(): Socket {
    this.#detach(
      new GuestClosedError('this GuestAgent can no longer be used, because handOver() was called'),
    );
    this.#connection.pause().off('error', this.#onError);
    return this.#connection;
  }

  #detach(error: Error): void {
    this.#failure = error;
    this.#connection.off('data', this.#onData);
    this.#connection.off('close', this.#onClose);
    this.#connection.off('end', this.#onClose);
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    for (const channel of channels) channel.fail(error);
    this.#closed.resolve(undefined);
  }

  readonly #onData = (chunk: Buffer): void => {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        this.#dispatch(frame);
        if (this.#failure) return;
      }
    } catch (error) {
      // Other errors come from a reader's own handler, which must deal with them.
      if (error instanceof GuestProtocolError) this.end(error);
      else if (error instanceof GarbageError) this.end(invalidFrame(error));
      else throw error;
    }
  };

  readonly #onError = (cause: Error): void => {
    this.#lose(
      new GuestClosedError('the connection to the guest agent was lost', { hint: CHECK_GUEST, cause }),
    );
  };

  readonly #onClose = (): void => {
    this.#lose(new GuestClosedError('the connection to the guest agent was closed', { hint: CHECK_GUEST }));
  };

  #lose(error: GuestClosedError): void {
    if (this.#lost) return;
    this.#lost = true;
    if (!this.#explainLoss) this.end(error);
    else
      this.#explainLoss(error).then(
        (explanation) => this.end(explanation),
        () => this.end(error),
      );
  }

  #dispatch(frame: Frame): void {
    if (frame.type === FrameType.hello) {
      const reason = decodeHello(frame)?.reason;
      if (reason !== 'answer') this.end(unexpectedHello(reason));
      return;
    }
    // Frames for a released channel may still be in transit.
    this.#channels.get(frame.channel)?.receive(frame);
  }
}

function invalidFrame(cause: Error): Error {
  return new GuestProtocolError('the guest agent sent invalid data', { cause });
}

function unexpectedHello(reason: Exclude<HelloReason, 'answer'> | undefined): Error {
  return reason === 'started' || reason === 'connected'
    ? new GuestClosedError(
        'the guest agent restarted; the results of the commands that were running are unknown',
        { hint: 'check in the guest what these commands have done, then run them again if necessary' },
      )
    : new GuestProtocolError(
        reason === 'garbage'
          ? 'the guest agent received invalid data, and has closed the session'
          : 'the guest agent sent an invalid greeting',
      );
}
