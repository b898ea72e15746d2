import { expect, test } from 'vitest';
import { parseStatisticsChoice, statisticsChoiceOf } from '../../../../../src/cli/server/live/event-feed.ts';
import { StatisticsFeed } from '../../../../../src/cli/server/live/statistics-feed.ts';
import type { StatisticsReadings } from '../../../../../src/cli/server/live/statistics-readings.ts';
import type { DiskStatistics, MachineStatistics } from '../../../../../src/machine/logs/statistics.ts';

const disk = (readBytes: number): DiskStatistics[] => [
  {
    ...{ device: 'disk', node: 'disk', sizeBytes: null, allocatedBytes: null, readBytes },
    ...{ readOperations: 0, writtenBytes: 0, writeOperations: 0, flushOperations: 0 },
  },
];

const reading = (seconds: number, qemuMs: number, disks: readonly DiskStatistics[]): MachineStatistics => ({
  ...{ version: 1, readAt: seconds * 1000, uptimeMs: seconds * 1000 },
  cpu: { qemuMs, helpersMs: 0, virtualProcessorsMs: [] },
  memory: { guestBytes: 1, balloonBytes: null, rssBytes: 2, pssBytes: 3 },
  ...{ disks, networks: null },
});

/** Returns the rates that a client sees, as [seconds, percent of a processor, bytes read from the disk]. */
async function ratesOf(readings: readonly MachineStatistics[]): Promise<unknown[]> {
  const left = [...readings];
  const sent: object[] = [];
  return new Promise((resolve, reject) => {
    const source = { read: async () => Promise.resolve(left.shift()) } as unknown as StatisticsReadings;
    const feed = new StatisticsFeed(
      source,
      (machines) => {
        sent.push(...machines);
        if (left.length > 0) return;
        feed[Symbol.dispose]();
        resolve(
          sent.map((record) => {
            const { rate } = record as { rate: null | Record<string, unknown> };
            return rate && [rate['seconds'], rate['cpu'], rate['disks']];
          }),
        );
      },
      reject,
    );
    feed.choose({ names: ['web'], guests: [], intervalMs: 1 });
  });
}

test('the rates of a machine that uses little are those of the time since its counters were read', async () => {
  const [old, fresh] = [disk(0), disk(1000)];
  const rates = await ratesOf([
    reading(10, 100, old),
    // With earlier counters: nothing was used, and then a little.
    reading(12, 100, old),
    reading(14, 110, old),
    reading(16, 120, old),
    reading(20, 160, fresh),
    reading(22, 160, fresh),
  ]);
  const at = (seconds: number, percent: number, readBytes: number) => [
    seconds,
    expect.objectContaining({ percent }) as unknown,
    [expect.objectContaining({ readBytes }) as unknown],
  ];
  expect(rates).toEqual([null, at(2, 0, 0), at(2, 0.5, 0), at(4, 0.5, 0), at(8, 0.75, 125), at(2, 0, 0)]);
});

test('asks only the guests that a client names, of the machines that it names', async () => {
  const asked = new Map<string, boolean>();
  const choice = statisticsChoiceOf(new URLSearchParams('stats=web,db,old&guests=db,other'));
  await new Promise<void>((resolve, reject) => {
    const read = async (name: string, askGuest: boolean): Promise<MachineStatistics> => {
      asked.set(name, askGuest);
      return Promise.resolve(reading(1, 1, []));
    };
    const feed = new StatisticsFeed(
      { read } as unknown as StatisticsReadings,
      () => {
        feed[Symbol.dispose]();
        resolve();
      },
      reject,
    );
    feed.choose(choice);
  });
  expect(Object.fromEntries(asked)).toEqual({ web: false, db: true, old: false });
});

test('asks no guest by default', () => {
  expect(statisticsChoiceOf(new URLSearchParams('stats=*'))).toEqual({
    ...{ names: 'all', guests: [], intervalMs: 5000 },
  });
  expect(parseStatisticsChoice({ stats: ['web'], guests: ['web'], interval: 2 })).toEqual({
    ...{ names: ['web'], guests: ['web'], intervalMs: 2000 },
  });
  expect(() => parseStatisticsChoice({ stats: ['web'], guests: '*' })).toThrow(/guests/);
});
