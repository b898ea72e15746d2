import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/boot-sectors.ts';
import { until } from '../command.ts';
import { type Home, makeHome } from '../named/home.ts';
import { openChromium, withoutChromium } from './chromium.ts';
import { UiServer } from './ui-server.ts';

// 200 machines are made and removed.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const MACHINES = 200;
const FRAME_MS = 50;

/** Measures in the page: the sum of its layout shifts, and the time of each frame's work. */
const MEASURE = `
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
`;

/** Scrolls through the list, a step a frame; returns the median time from a frame's beginning to the end of its work. */
const SCROLL = `new Promise((resolve) => {
  const times = [];
  const channel = new MessageChannel();
  let began = 0;
  const step = () => {
    began = performance.now();
    scrollBy(0, 150);
    channel.port2.postMessage(0);
  };
  channel.port1.onmessage = () => {
    times.push(performance.now() - began);
    if (times.length < 60) requestAnimationFrame(step);
    else resolve(times.sort((one, other) => one - other)[30]);
  };
  requestAnimationFrame(step);
})`;

describe.skipIf(withoutChromium !== undefined)(`a list of ${MACHINES} machines`, () => {
  let home: Home;
  let browser: Browser;
  let ui: UiServer;
  let page: Page;

  beforeAll(async () => {
    home = await makeHome();
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    for (let at = 0; at < MACHINES; at++) {
      const disk = `${image},format=raw,readonly`;
      await home.store.create({ name: `m${at}`, disks: [disk], memory: '64M', cpus: 1, net: 'none' });
    }
    browser = await openChromium();
    ui = new UiServer(home, browser);
    page = await ui.open();
    await page.locator('[data-machine="m0"]').waitFor();
    await page.evaluate(MEASURE);
  });
  afterAll(async () => {
    await ui.close();
    await browser.close();
    await home.close();
  });

  test('is sorted by number', async () => {
    const names = await page.locator('.machine h2').allTextContents();
    expect(names).toEqual(Array.from({ length: MACHINES }, (_, at) => `m${at}`));
  });

  test('scrolls in frames of less than 50 ms', async () => {
    // A moment in which other programs need the processor is not the page's.
    await until(async () => Number(await page.evaluate(SCROLL)) < FRAME_MS);
    await page.evaluate('scrollTo(0, 0)');
  });

  test('moves nothing when machines start, end and change', async () => {
    expect(await home.vmlet('start', 'm0', 'm1')).toMatchObject({ status: 0 });
    const first = page.locator('[data-machine="m0"]');
    await first.locator('.state', { hasText: 'running' }).waitFor();
    await first.locator('path.area').first().waitFor();
    await home.vmlet('pause', 'm1');
    await page.locator('[data-machine="m1"] .state', { hasText: 'paused' }).waitFor();
    await home.vmlet('kill', 'm0', 'm1');
    await first.locator('.state', { hasText: 'stopped' }).waitFor();
    expect(await page.evaluate('shifts')).toBe(0);
  });

  test('is filtered while the user types', async () => {
    await page.getByLabel('Filter machines').fill('m19');
    await until(async () => (await page.locator('.machine').count()) === 11);
    await page.getByLabel('Filter machines').fill('stopped');
    await until(async () => (await page.locator('.machine').count()) === 2);
    expect(ui.problems).toEqual([]);
  });
});
