import { GuestProtocolError, type VmletError } from '../../errors/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { requestFailure } from './failure.ts';
import { FLAG_MORE, type Frame, FrameType, PAYLOAD_MAX } from './agent-frame.ts';
import type { Session } from './session.ts';

/** Sends a request's body, in as many frames as necessary. */
export function sendRequest(session: Session, channel: number, body: Buffer): void {
  let offset = 0;
  do {
    const piece = body.subarray(offset, offset + PAYLOAD_MAX);
    offset += piece.length;
    session.send(FrameType.request, offset < body.length ? FLAG_MORE : 0, channel, piece);
  } while (offset < body.length);
}

/**
 * Sends a request without streams and waits for its completion.
 * @param what name of the request in the TimedOutError.
 * @throws GuestRequestError, GuestClosedError, GuestProtocolError, TimedOutError, or the signal's reason.
 */
export async function request(session: Session, what: string, body: Buffer, limits: Limits): Promise<void> {
  limits.signal?.throwIfAborted();
  const done = deferred<undefined>();
  const channel = session.add({
    receive: (frame) => {
      const failure = frame.type === FrameType.done ? undefined : failureOf(frame);
      session.release(channel);
      if (failure) done.reject(failure);
      else done.resolve(undefined);
    },
    fail: done.reject,
  });
  sendRequest(session, channel, body);
  await withinLimits(what, done.promise, limits);
}

function failureOf(frame: Frame): VmletError {
  if (frame.type === FrameType.failed) return requestFailure(frame);
  throw new GuestProtocolError(
    `the guest agent answered a request with an unexpected message: type ${frame.type}`,
  );
}
