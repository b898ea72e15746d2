import { beforeAll, expect, test, vi } from 'vitest';
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
        rate: { cpu: { percent: 95 }, disks: [], networks: null },
      },
    ],
  },
} as never;

let applyEvent: (event: ServerEvent) => void;
let processor: () => number | null | undefined;

beforeAll(async () => {
  // The page's modules ask the browser for its address and storage when they are loaded.
  vi.stubGlobal('sessionStorage', { getItem: () => null });
  vi.stubGlobal('location', { hash: '' });
  vi.stubGlobal('addEventListener', () => undefined);
  ({ applyEvent } = await import('../../../../page/state/machines.ts'));
  const { samplesOf } = await import('../../../../page/state/curves.ts');
  processor = () => samplesOf('m').value.at(-1)?.processor;
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
