import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { awaitedLater, until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

// 200 machines are made and removed.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const MACHINES = 200;
const FRAME_MS = 30;

/** Measures in the page: the sum of its layout shifts, and the time of each frame's work. */
const MEASURE = `
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** Scrolls by a step, and resolves after the work of the frame. */
const SCROLL = `new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => resolve();
  requestAnimationFrame(() => {
    scrollBy(0, 150);
    port2.postMessage(0);
  });
})`;
const FRAMES = 60;
/** A host whose processors are shared needs more of their time for the same work. */
const ATTEMPTS = 3;

/**
 * Returns the processor time of the page's thread for each of 60 frames, in ascending order. Unlike the time of a
 * clock, it does not count the moments in which other programs have the processor.
 */
async function scroll(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busyMs = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  };
  const times: number[] = [];
  for (let before = await busyMs(); times.length < FRAMES;) {
    await page.evaluate(SCROLL);
    const after = await busyMs();
    times.push(after - before);
    before = after;
  }
  await session.detach();
  return times.sort((one, other) => one - other);
}

describe.skipIf(withoutChromium !== undefined)(`a list of ${MACHINES} machines`, () => {
  let home: Home;
  let page: Page;

  serveHome(async (served) => {
    home = served.home;
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    for (let at = 0; at < MACHINES; at++) {
      const disk = `${image},format=raw,readonly`;
      await home.store.create({ name: `m${at}`, disks: [disk], memory: '64M', cpus: 1, net: 'none' });
    }
    page = await served.ui.open();
    await page.locator('[data-machine="m0"]').waitFor();
    await page.evaluate(MEASURE);
  });

  test('is sorted by number', async () => {
    const names = await page.locator('.machine h2').allTextContents();
    expect(names).toEqual(Array.from({ length: MACHINES }, (_, at) => `m${at}`));
  });

  test('uses less than 30 ms of the processor for a frame while machines run and change', async () => {
    expect(await home.vmlet('start', 'm0', 'm1')).toMatchObject({ status: 0 });
    const first = page.locator('[data-machine="m0"]');
    await first.locator('path.area').first().waitFor();
    const stop = new AbortController();
    let changes = 0;
    const change = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await home.store.get(`m${10 + (changes % 50)}`).set({ labels: { at: String(changes) } });
        changes++;
      }
    };
    const changing = awaitedLater(change());
    const slowest: number[] = [];
    try {
      do {
        const times = await scroll(page);
        // A thread that reports no time would pass.
        expect(times[FRAMES / 2]).toBeGreaterThan(0.1);
        slowest.push(times[Math.floor(FRAMES * 0.95)] ?? Number.NaN);
        await page.evaluate('scrollTo(0, 0)');
      } while (slowest.length < ATTEMPTS && Math.min(...slowest) >= FRAME_MS);
    } finally {
      // Also where the page is too slow: the other tests count the stopped machines.
      stop.abort();
      await changing;
      await home.vmlet('kill', 'm0', 'm1');
    }
    await first.locator('.state', { hasText: 'stopped' }).waitFor();
    expect(changes).toBeGreaterThan(FRAMES / 10);
    expect(Math.min(...slowest)).toBeLessThan(FRAME_MS);
  });

  test('moves nothing when machines start, end and change', async () => {
    expect(await home.vmlet('start', 'm2', 'm3')).toMatchObject({ status: 0 });
    const first = page.locator('[data-machine="m2"]');
    await first.locator('.state', { hasText: 'running' }).waitFor();
    await first.locator('path.area').first().waitFor();
    await home.vmlet('pause', 'm3');
    await page.locator('[data-machine="m3"] .state', { hasText: 'paused' }).waitFor();
    await home.vmlet('kill', 'm2', 'm3');
    await first.locator('.state', { hasText: 'stopped' }).waitFor();
    expect(await page.evaluate('shifts')).toBe(0);
  });

  test('is filtered while the user types', async () => {
    await page.getByLabel('Filter machines').fill('m19');
    await until(async () => (await page.locator('.machine').count()) === 11);
    await page.getByLabel('Filter machines').fill('stopped');
    await until(async () => (await page.locator('.machine').count()) === 4);
  });
});
