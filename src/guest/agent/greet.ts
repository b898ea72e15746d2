import type { Socket } from 'node:net';
import { GuestClosedError, GuestProtocolError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { UPDATE_AGENT } from './failure.ts';
import { FrameFinder, FrameType, PAYLOAD_MAX, PROTOCOL_VERSION } from './agent-frame.ts';
import { type Hello, decodeHello, encodeOpen } from './greeting.ts';

const CHECK_MACHINE = 'check whether the machine is still running, then try again';

export interface Greeting {
  /** The agent's answer and the bytes after it. */
  readonly done: Promise<{ readonly hello: Hello; readonly rest: Buffer }>;
  /** Detaches from the connection. */
  stop(): void;
}

/**
 * Opens a session on a connection whose other end may not exist yet, or be in the middle of an earlier session.
 * Padding ends an incomplete frame at the agent. The nonce tells the answer from leftovers.
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
        // The agent has just started and may have missed the first open. A guest that does not read gets no more of them.
        if (connection.writableLength === 0) connection.write(encodeOpen(nonce));
        continue;
      }
      stop();
      if (hello.version === PROTOCOL_VERSION) done.resolve({ hello, rest: Buffer.from(finder.rest) });
      else done.reject(noCommonVersion(hello));
      return;
    }
  };
  const onError = (cause: Error): void => {
    done.reject(
      new GuestClosedError('the connection to the guest agent was lost before the agent answered', {
        hint: CHECK_MACHINE,
        cause,
      }),
    );
  };
  const onClose = (): void => {
    done.reject(
      new GuestClosedError('the connection to the guest agent was closed before the agent answered', {
        hint: CHECK_MACHINE,
      }),
    );
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
    `the guest agent supports protocol ${lowest === highest ? `version ${lowest}` : `versions ${lowest} to ${highest}`}, but this vmlet requires version ${PROTOCOL_VERSION}`,
    {
      hint:
        lowest > PROTOCOL_VERSION
          ? 'update vmlet on the host; it is older than vmlet-agent in the guest'
          : UPDATE_AGENT,
    },
  );
}
