import { beforeAll, expect, test, vi } from 'vitest';
import type * as Curves from '../../../../page/state/curves.ts';
import type { ServerEvent } from '../../../../page/state/machines.ts';

/** Events as the server sends them, of the fields that the page reads. */
const machine = (state: string): ServerEvent =>
  ({ event: 'machine', data: { name: 'm', state, spec: { labels: {} } } }) as never;
const statistics = {
  event: 'stats',
  data: {
    machines: [
      {
        machine: 'm',
        readAt: 1,
        memory: { rssBytes: 1, guestBytes: 2 },
        networks: null,
        rate: { cpu: { percent: 95 }, disks: [], networks: null },
      },
    ],
  },
} as never;

let applyEvent: (event: ServerEvent) => void;
let curves: typeof Curves;
let processor: () => number | null | undefined;

beforeAll(async () => {
  // The page's modules ask the browser for its address and storage when they are loaded.
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  ({ applyEvent } = await import('../../../../page/state/machines.ts'));
  curves = await import('../../../../page/state/curves.ts');
  processor = () => curves.samplesOf('m').value.at(-1)?.processor;
});

test.each(['paused', 'stopped'])('a machine that is %s has no figures, even by a late reading', (state) => {
  applyEvent(machine('running'));
  applyEvent(statistics);
  expect(processor()).toBe(95);
  applyEvent(machine(state));
  expect(processor()).toBeUndefined();
  applyEvent(statistics);
  expect(processor()).toBeUndefined();
});

const card = (receivedBytes: number, sentBytes: number) => ({ receivedBytes, sentBytes });
const readingAt = (readAt: number, networks: object[] | null, rates: object[] | null | undefined) =>
  ({
    ...{ machine: 'm', readAt, networks, memory: { rssBytes: 1, guestBytes: 2 } },
    rate: rates === undefined ? null : { cpu: { percent: 1 }, disks: [], networks: rates },
  }) as never;

test('a sample has the bytes of all interfaces in both directions', () => {
  const some = [card(1, 1)];
  expect(curves.sampleOf(readingAt(1, some, [card(1, 2), card(10, 20)]))).toMatchObject({
    ...{ network: 33, countsNetwork: true },
  });
  expect(curves.sampleOf(readingAt(1, [], []))).toMatchObject({ network: 0, countsNetwork: true });
  // The first reading, and the first one after the guest has booted again.
  for (const rates of [undefined, null]) {
    expect(curves.sampleOf(readingAt(1, some, rates))).toMatchObject({ network: null, countsNetwork: true });
  }
  expect(curves.sampleOf(readingAt(1, null, null))).toMatchObject({ network: null, countsNetwork: false });
});

test('a network is uncounted when the second reading since the guest was asked has no counters either', () => {
  const not = (at: number) => curves.sampleOf(readingAt(at, null, null));
  const counted = (at: number) => curves.sampleOf(readingAt(at, [], []));
  expect(curves.isUncounted([], 0)).toBe(false);
  expect(curves.isUncounted([not(1), not(2), not(3)], 2)).toBe(false);
  expect(curves.isUncounted([not(1), not(2), not(3), not(4)], 2)).toBe(true);
  expect(curves.isUncounted([counted(1), not(3), not(4)], 2)).toBe(true);
  expect(curves.isUncounted([not(3), counted(4), not(5)], 2)).toBe(false);
});
