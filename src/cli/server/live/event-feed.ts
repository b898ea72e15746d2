import * as z from 'zod';
import type { Operations } from '../operations/operations.ts';
import { parseOptions } from '../../../util/options/parse-options.ts';
import type { MachineHub } from './machine-hub.ts';
import { type StatisticsChoice, StatisticsFeed } from './statistics-feed.ts';
import type { StatisticsReadings } from './statistics-readings.ts';

/** Where the events of one client go. */
export interface EventSink {
  /** Returns false when the client is too far behind. */
  readonly send: (event: string, data: object) => boolean;
}

export interface EventSources {
  readonly hub: MachineHub;
  readonly operations: Operations;
  readonly readings: StatisticsReadings;
  readonly onDefect: (error: unknown) => void;
}

const DEFAULT_INTERVAL_S = 5;

const choiceSchema = z.strictObject({
  stats: z.union([z.literal('*'), z.array(z.string()).max(1000)]),
  guests: z.array(z.string()).max(1000).default([]),
  interval: z.number().min(1).max(3600).default(DEFAULT_INTERVAL_S),
});

/** The same in an address. */
export const statisticsQuery = z.object({
  stats: z.string().default('').describe('Names of machines, separated by commas; * for all that run'),
  guests: z.string().default('').describe('Names of those of them whose guests are asked too'),
  interval: z.coerce.number().optional().describe(`Seconds; ${DEFAULT_INTERVAL_S} by default`),
});

/** @throws InvalidInputError */
export function parseStatisticsChoice(given: object): StatisticsChoice {
  const { stats, guests, interval } = parseOptions(choiceSchema, given, 'message');
  return { names: stats === '*' ? 'all' : stats, guests, intervalMs: interval * 1000 };
}

/** The choice in an address: `stats=web,db&guests=web&interval=2`. @throws InvalidInputError */
export function statisticsChoiceOf(query: URLSearchParams): StatisticsChoice {
  const { stats, guests, interval } = parseOptions(statisticsQuery, Object.fromEntries(query), 'query');
  return parseStatisticsChoice({
    stats: stats === '*' ? stats : namesIn(stats),
    guests: namesIn(guests),
    interval,
  });
}

function namesIn(list: string): string[] {
  return list.split(',').filter((name) => name !== '');
}

/** Everything that changes, for one client. One that was too slow gets the whole list when it has caught up. */
export class EventFeed implements Disposable {
  readonly #sources: EventSources;
  readonly #sink: EventSink;
  readonly #statistics: StatisticsFeed;
  readonly #undo: (() => void)[] = [];
  #isBehind = false;

  constructor(sources: EventSources, sink: EventSink) {
    this.#sources = sources;
    this.#sink = sink;
    const { hub, operations, readings, onDefect } = sources;
    this.#statistics = new StatisticsFeed(
      readings,
      (machines) => this.#send('stats', { machines }),
      onDefect,
    );
    this.#undo.push(
      hub.subscribe((change) => {
        if (change.kind === 'machine') this.#send('machine', change.machine);
        else if (change.kind === 'removed') this.#send('removed', { name: change.name });
        else this.#send('networks', { names: change.names });
      }),
      operations.onChange((record) => this.#send('operation', record)),
    );
    this.#sendAll();
  }

  choose(choice: StatisticsChoice): void {
    this.#statistics.choose(choice);
  }

  /** Tells that the client has read what was sent. */
  caughtUp(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.#sendAll();
  }

  [Symbol.dispose](): void {
    this.#statistics[Symbol.dispose]();
    for (const undo of this.#undo) undo();
  }

  #sendAll(): void {
    // Whatever its length: a list beyond the limit would be sent again endlessly.
    this.#sink.send('machines', { machines: this.#sources.hub.list() });
    for (const record of this.#sources.operations.list()) this.#sink.send('operation', record);
  }

  #send(event: string, data: object): void {
    if (!this.#isBehind) this.#isBehind = !this.#sink.send(event, data);
  }
}
