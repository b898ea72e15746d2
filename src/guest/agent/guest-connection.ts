import type { Readable, Writable } from 'node:stream';
import { GuestProtocolError, InvalidInputError } from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { connectionFailure } from './failure.ts';
import { FieldWriter, Operation, Tag } from './fields.ts';
import { type Frame, FrameType, Stream, WINDOW } from './agent-frame.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';
import { sendRequest } from './request.ts';
import type { Session } from './session.ts';

/** A connection to a TCP port of a guest. */
export interface GuestConnection {
  /** Ending it ends the server's input only. What the server does not read is dropped without an error. */
  readonly input: Writable;
  /** Fails when the agent is lost. */
  readonly output: Readable;
  /** Resolves when the guest has closed both directions: a server that has ended its output may still read. */
  readonly closed: Promise<undefined>;
  /** Closes both directions. The output ends after the bytes that have arrived. */
  readonly close: () => void;
}

/** A number of a signal; which one does not matter for a connection. */
const ANY_SIGNAL = Buffer.from([15]);

/**
 * Connects to a TCP port of the guest's own loopback, 127.0.0.1 or ::1. Needs no network and no forward.
 * @throws GuestRequestError (ECONNREFUSED; ENOSYS for an older agent), InvalidInputError, GuestClosedError,
 *   GuestProtocolError, TimedOutError, or the signal's reason.
 */
export async function connectToPort(
  session: Session,
  port: number,
  limits: Limits,
): Promise<GuestConnection> {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new InvalidInputError('port', `invalid port ${port}: expected 1 to 65535`);
  }
  limits.signal?.throwIfAborted();
  const opened = deferred<undefined>();
  const guestClosed = deferred<undefined>();
  let closed = false;
  const ended = { exit: false, output: false };
  const output = new Output(WINDOW, (bytes) => {
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(bytes);
    session.send(FrameType.credit, Stream.output, id, credit);
  });
  const input = new Input(
    (bytes) => session.send(FrameType.data, Stream.input, id, bytes),
    () => session.send(FrameType.end, Stream.input, id),
  );
  const fail = (error: Error): void => {
    opened.reject(error);
    output.fail(error);
    input.refuse();
    guestClosed.resolve(undefined);
  };
  /** EXIT and the output's END come in any order: the keeper may still hold bytes of the output at the EXIT. */
  const release = (): void => {
    if (!ended.exit || !ended.output) return;
    session.release(id);
    guestClosed.resolve(undefined);
  };
  const receive = (frame: Frame): void => {
    switch (frame.type) {
      case FrameType.started:
        return opened.resolve(undefined);
      case FrameType.data:
        // It may have been on its way when this side closed.
        return closed ? undefined : output.push(frame.payload);
      case FrameType.credit:
        if (frame.payload.length !== 4)
          throw new GuestProtocolError('the guest agent sent an invalid flow-control value');
        return input.grant(frame.payload.readUInt32LE(0));
      case FrameType.end:
        if (frame.flag === Stream.input) return input.refuse();
        ended.output = true;
        output.end();
        return release();
      case FrameType.exit:
        ended.exit = true;
        input.refuse();
        return release();
      case FrameType.failed: {
        const failure = connectionFailure(frame, port);
        session.release(id);
        return fail(failure);
      }
      default:
        throw new GuestProtocolError(
          `the guest agent sent an unexpected message of type ${frame.type} during a connection`,
        );
    }
  };
  const id = session.add({ receive, fail });
  const close = (): void => {
    closed = true;
    session.send(FrameType.signal, 0, id, ANY_SIGNAL);
    input.refuse();
    output.end();
  };
  sendRequest(session, id, new FieldWriter(Operation.connect).u32(Tag.port, port).toBuffer());
  try {
    await withinLimits(`connecting to port ${port} of the guest`, opened.promise, limits);
  } catch (error) {
    close();
    throw error;
  }
  return { input: input.stream, output: output.take(), closed: guestClosed.promise, close };
}
