import type { Socket } from 'node:net';
import { GuestClosedError, GuestProtocolError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { FrameFinder, FrameType, PAYLOAD_MAX, PROTOCOL_VERSION } from './frame.ts';
import { type Hello, decodeHello, encodeOpen } from './greeting.ts';

export interface Greeting {
  /** The agent's answer and the bytes behind it. */
  readonly done: Promise<{ readonly hello: Hello; readonly rest: Buffer }>;
  /** Lets go of the connection. */
  stop(): void;
}

/**
 * Opens a session on a connection whose other end may not be there yet, or in the middle of an earlier session.
 * Padding first: it ends whatever frame the agent believes to be in. The nonce tells its answer from leftovers.
 */
export function greet(connection: Socket, nonce: Buffer): Greeting {
  const finder = new FrameFinder(FrameType.hello);
  const done = deferred<{ hello: Hello; rest: Buffer }>();
  done.promise.catch(() => undefined);
  const onData = (chunk: Buffer): void => {
    for (let frame = finder.find(chunk); frame; frame = finder.find()) {
      const hello = decodeHello(frame);
      if (!hello) continue;
      if (!hello.nonce.equals(nonce)) {
        // The agent has just come up and may have missed our first words.
        connection.write(encodeOpen(nonce));
        continue;
      }
      stop();
      if (hello.version === PROTOCOL_VERSION) done.resolve({ hello, rest: Buffer.from(finder.rest) });
      else done.reject(noCommonVersion(hello));
      return;
    }
  };
  const onError = (cause: Error): void => {
    done.reject(new GuestClosedError('the connection to the guest agent broke before it greeted', { cause }));
  };
  const onClose = (): void => {
    done.reject(new GuestClosedError('the connection to the guest agent was closed before it greeted'));
  };
  const stop = (): void => {
    connection.off('data', onData).off('error', onError).off('close', onClose).off('end', onClose);
  };
  connection.on('data', onData).on('error', onError).on('close', onClose).on('end', onClose);
  if (connection.destroyed) onClose();
  else connection.write(Buffer.concat([Buffer.alloc(PAYLOAD_MAX), encodeOpen(nonce)]));
  return { done: done.promise, stop };
}

function noCommonVersion({ supported }: Hello): Error {
  const { lowest, highest } = supported;
  return new GuestProtocolError(
    `the guest agent speaks version ${lowest === highest ? lowest : `${lowest} to ${highest}`} of the protocol, we speak ${PROTOCOL_VERSION}`,
    { hint: "Build the guest's image anew, so that it has the agent of this release." },
  );
}
