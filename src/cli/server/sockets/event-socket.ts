import type { WebSocket } from 'ws';
import { InvalidInputError, VmletError } from '../../../errors/index.ts';
import type { NamedMachine } from '../../../machines/index.ts';
import { formatLossless } from '../../../qmp/index.ts';
import { describeError } from '../answers/described-error.ts';
import {
  EventFeed,
  type EventSources,
  parseStatisticsChoice,
  statisticsChoiceOf,
} from '../live/event-feed.ts';
import { MOST_UNSENT, sendMessage } from './web-socket.ts';

/** Sends everything that changes, until the client disconnects. */
export async function serveEvents(
  sources: EventSources,
  socket: WebSocket,
  query: URLSearchParams,
): Promise<void> {
  const choice = statisticsChoiceOf(query);
  using feed = new EventFeed(sources, {
    send: (event, data) => {
      socket.send(JSON.stringify({ event, data }), () => {
        if (socket.bufferedAmount === 0) feed.caughtUp();
      });
      return socket.bufferedAmount < MOST_UNSENT;
    },
  });
  feed.choose(choice);
  socket.on('message', (data: Buffer) => {
    try {
      feed.choose(parseStatisticsChoice(parseObject(data)));
    } catch (error) {
      if (!(error instanceof VmletError)) throw error;
      if (socket.bufferedAmount > MOST_UNSENT) socket.terminate();
      else sendMessage(socket, { error: describeError(error) });
    }
  });
  await new Promise((resolve) => socket.once('close', resolve));
}

/** Sends the events of one machine since its start. The reader of its file waits for a slow client. */
export async function serveMachineEvents(
  machine: NamedMachine,
  socket: WebSocket,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of machine.events({ sinceStart: true, signal })) {
    await new Promise<void>((resolve) => socket.send(formatLossless({ event }), () => resolve()));
  }
}

function parseObject(data: Buffer): object {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    throw new InvalidInputError('message', 'not valid JSON', { cause: error });
  }
  throw new InvalidInputError('message', 'must be a JSON object');
}
