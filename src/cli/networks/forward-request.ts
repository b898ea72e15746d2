import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConnectError } from '../../errors/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { startTimer } from '../../util/time/timer.ts';
import { passedAnswerHeaders, passedRequestHeaders } from './proxy-headers.ts';

/** For a client to take an answer, and to close, after everything is sent. */
export const CLIENT_MS = 2_000;
/** For a client that sends more of a request after its answer. */
const BODY_MS = 30_000;

/**
 * Sends a request to a guest's server, and its answer to the client.
 * @throws ConnectError without a complete answer.
 */
export async function forwardRequest(
  request: IncomingMessage,
  response: ServerResponse,
  guest: Duplex,
  path: string,
): Promise<void> {
  const outgoing = sendRequest({
    method: request.method,
    path,
    headers: passedRequestHeaders(request.rawHeaders),
    setHost: false,
    createConnection: () => guest,
  });
  // Later ones show in the response.
  outgoing.on('error', () => undefined);
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  // A server may answer before it has read everything, and then end: the client gets the answer while its body is discarded.
  outgoing.on('unpipe', () => request.resume());
  outgoing.flushHeaders();
  request.pipe(outgoing);
  const [incoming] = await answered.catch((error: unknown) => {
    throw new ConnectError(
      request.url ?? '',
      `the server in the guest sent no valid HTTP response (${messageOf(error)})`,
      {
        hint: 'check that the server on this port speaks HTTP, and look at its log in the guest',
        cause: error,
      },
    );
  });
  incoming.once('end', () => request.unpipe(outgoing));
  const headers = passedAnswerHeaders(incoming.rawHeaders);
  try {
    response.writeHead(incoming.statusCode ?? 502, reasonOf(incoming), headers);
    response.flushHeaders();
    await pipeline(
      incoming,
      async function* (body: AsyncIterable<Buffer>) {
        yield* body;
        if (!response.shouldKeepAlive) await awaitBody(request);
      },
      response,
    );
  } catch (error) {
    // The client or the guest's server has gone, or the answer is not valid HTTP.
    throw new ConnectError(
      request.url ?? '',
      `the server in the guest sent an invalid or incomplete HTTP response (${messageOf(error)})`,
      { hint: 'look at the log of the server in the guest', cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Node reads control characters in the words of a status, but does not send them. */
function reasonOf({ statusMessage = '' }: IncomingMessage): string {
  return statusMessage.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

/**
 * Waits for the end of a request whose answer is written, but not ended: until the client is silent, or for half a minute.
 * Node closes the connection with its answer, and the kernel resets it when there is unread input: the client could lose
 * the answer.
 */
export async function awaitBody(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const over = deferred<undefined>();
  const end = (): void => over.resolve(undefined);
  const stopTimer = startTimer(BODY_MS, end);
  let stopSilence = startTimer(CLIENT_MS, end);
  const hear = (): void => {
    stopSilence();
    stopSilence = startTimer(CLIENT_MS, end);
  };
  request.on('data', hear);
  for (const event of ['end', 'close']) request.once(event, end);
  request.resume();
  await over.promise;
  request.off('data', hear);
  stopTimer();
  stopSilence();
}
