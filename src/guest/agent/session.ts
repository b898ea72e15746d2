import type { Socket } from 'node:net';
import { GuestClosedError, GuestProtocolError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { type Frame, FrameDecoder, FrameType, GarbageError, encodeHeader } from './frame.ts';
import { type HelloReason, decodeHello } from './greeting.ts';

/** One request under way: what the agent says about it, until the session ends or the channel is released. */
export interface Channel {
  /** @throws GuestProtocolError for a frame that makes no sense here, which ends the session. */
  receive(frame: Frame): void;
  /** The session is over; nothing more comes. */
  fail(error: Error): void;
}

/** Says better why the connection is lost, for whoever knows how the machine ended. */
export type ExplainLoss = (loss: GuestClosedError) => Promise<Error>;

/** The agent's connection after its greeting: frames to and from numbered channels. */
export class Session {
  readonly #connection: Socket;
  readonly #decoder = new FrameDecoder();
  readonly #channels = new Map<number, Channel>();
  readonly #closed = deferred<undefined>();
  readonly #explainLoss: ExplainLoss | undefined;
  #lastId = 0;
  #lost = false;
  #failure: Error | undefined;

  /** @param early bytes that came behind the greeting. */
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

  /** Resolves when the session is over, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Why it is over; undefined while it is not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Numbers a new channel. Fails it at once when the session is over. */
  add(channel: Channel): number {
    this.#lastId = this.#lastId === 0xffffffff ? 1 : this.#lastId + 1;
    const id = this.#lastId;
    if (this.#failure) channel.fail(this.#failure);
    else this.#channels.set(id, channel);
    return id;
  }

  /** Forgets a channel whose last frame has come. */
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
    this.#failure = error;
    this.#connection.off('data', this.#onData);
    this.#connection.off('close', this.#onClose);
    this.#connection.off('end', this.#onClose);
    this.#connection.destroy();
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
      // Anything else was thrown by a reader's own handler, and is its own to deal with.
      if (error instanceof GuestProtocolError) this.end(error);
      else if (error instanceof GarbageError) this.end(notUnderstood(error));
      else throw error;
    }
  };

  readonly #onError = (cause: Error): void => {
    this.#lose(new GuestClosedError('the connection to the guest agent broke', { cause }));
  };

  readonly #onClose = (): void => {
    this.#lose(new GuestClosedError('the connection to the guest agent is closed'));
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
      if (reason !== 'answer') this.end(greetedAnew(reason));
      return;
    }
    // A channel that was released early may have frames on their way.
    this.#channels.get(frame.channel)?.receive(frame);
  }
}

function notUnderstood(cause: Error): Error {
  return new GuestProtocolError('the guest agent sent what is no frame', { cause });
}

function greetedAnew(reason: Exclude<HelloReason, 'answer'> | undefined): Error {
  return reason === 'started' || reason === 'connected'
    ? new GuestClosedError('the guest agent started anew')
    : new GuestProtocolError('the guest agent did not understand what it was sent');
}
