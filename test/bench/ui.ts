import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { bootSectors } from '../../fixtures/guests/boot-sectors.ts';
import { keyboardSectors } from '../../fixtures/guests/keyboard-sectors.ts';
import { until } from '../until.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';
import { openChromium } from '../e2e/ui/chromium.ts';
import { UiServer } from '../e2e/ui/ui-server.ts';
import { TICKS_A_SECOND, ticksOf } from './measurement/process-ticks.ts';
import { describeTimes, median } from './measurement/statistics.ts';
import type { Section } from './section.ts';

const MACHINES = 50;
const IDLE_MS = 60_000;
/** Pictures of screens that do not change are rare by then. */
const SETTLED_MS = 60_000;

/** Notes when the list has all its machines, in milliseconds since the navigation. */
const noteList = (count: number): string => `
  new MutationObserver((_, observer) => {
    if (document.querySelectorAll('[data-machine]').length < ${count}) return;
    window.listedAt = performance.now();
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
`;

const BYTES = `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .reduce((sum, { transferSize }) => sum + transferSize, 0)`;

/**
 * The time from a key until the picture has its character. Lit pixels are counted without the lines of each row of text
 * in which the cursor blinks.
 */
const KEY_TO_PICTURE = `new Promise((resolve) => {
  const canvas = document.querySelector('.glass canvas');
  const lit = () => {
    const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (Math.floor(at / 4 / width) % 16 < 12 && data[at] > 100) count++;
    }
    return count;
  };
  const before = lit();
  canvas.parentElement.addEventListener('keydown', () => {
    const pressed = performance.now();
    const look = () => (lit() === before ? requestAnimationFrame(look) : resolve(performance.now() - pressed));
    look();
  }, { once: true, capture: true });
  window.ready = true;
})`;

/** Everything is measured in Chromium, which shares the processors with the server. */
export const ui: Section = {
  title: `vmlet ui with 1 and with ${MACHINES} running machines (idle: at most 1 % of a core), in Chromium`,
  rounds: 10,
  async run(rounds) {
    const home = await makeHome();
    const browser = await openChromium();
    try {
      const one = await measure(home, browser, 1, rounds);
      const keys = await keyToPicture(home, browser, rounds);
      const many = await measure(home, browser, MACHINES, rounds);
      const text = [one, many].map(
        ({ count, listedMs, bytes, idle, watched, received }) =>
          `${String(count).padStart(2)} machines: first page to list ${describeTimes(listedMs)}, ${kibibytes(median(bytes))}; ` +
          `memory of the server ${watched.residentMiB} MiB; for ${IDLE_MS / 1000} s ${watched.percent} % of a core with the list open, ${idle.percent} % without a page; ` +
          `then the page receives ${kibibytes(received.socket)} by WebSockets and ${kibibytes(received.http)} by HTTP`,
      );
      return {
        text: [...text, `key to picture ${describeTimes(keys)}`].join('\n'),
        data: { one, many, keys },
      };
    } finally {
      await browser.close();
      await home.close();
    }
  },
};

async function measure(home: Home, browser: Browser, count: number, rounds: number) {
  const sector = join(home.path, 'hang.img');
  writeFileSync(sector, bootSectors.hang);
  for (let at = home.store.names().length; at < count; at++) {
    const machine = await home.store.create({
      ...{ name: `m${at}`, image: `${sector},format=raw`, memory: '64M', cpus: 1, net: 'none' },
    });
    await machine.start();
  }
  const server = new UiServer(home, browser);
  try {
    await server.address();
    const idle = await load(server.pid);
    const listedMs = [];
    const bytes = [];
    for (let round = 0; round < rounds; round++) {
      const page = await server.open({}, async (context) => {
        await context.addInitScript(noteList(count));
      });
      listedMs.push(Number(await until(async () => page.evaluate('window.listedAt'))));
      bytes.push(Number(await page.evaluate(BYTES)));
      await page.context().close();
    }
    const total = { socket: 0, http: 0 };
    await server.open({}, (context) => countReceived(context, total));
    await pause(SETTLED_MS);
    const before = { ...total };
    const watched = await load(server.pid);
    const received = { socket: total.socket - before.socket, http: total.http - before.http };
    return { count, listedMs, bytes, idle, watched, received };
  } finally {
    await server.close();
  }
}

/** Adds up what a page receives, without the headers of WebSocket frames. Its events come by WebSocket. */
function countReceived(context: BrowserContext, total: { socket: number; http: number }): void {
  // Before the page opens its first connection.
  context.on('page', (page) =>
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => (total.socket += Buffer.byteLength(payload))),
    ),
  );
  context.on('requestfinished', (request) => {
    void request.sizes().then(({ responseBodySize, responseHeadersSize }) => {
      total.http += responseBodySize + responseHeadersSize;
    });
  });
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(bytes < 10 * 1024 ? 1 : 0)} KiB`;
}

async function keyToPicture(home: Home, browser: Browser, rounds: number): Promise<number[]> {
  const sector = join(home.path, 'keys.img');
  writeFileSync(sector, keyboardSectors.onScreen);
  await (
    await home.store.create({
      name: 'keys',
      image: `${sector},format=raw`,
      memory: '64M',
      cpus: 1,
      net: 'none',
    })
  ).start();
  const server = new UiServer(home, browser);
  try {
    const page = await server.open();
    await page.evaluate(`location.hash = '#/machines/keys/screen'`);
    await page.getByText('connected', { exact: true }).waitFor();
    await page.locator('.glass canvas').click();
    const times = [];
    for (let round = 0; round < rounds; round++) times.push(await oneKey(page));
    return times;
  } finally {
    await server.close();
    await home.store.remove('keys', { force: true, storage: true });
  }
}

async function oneKey(page: Page): Promise<number> {
  const shown = page.evaluate(KEY_TO_PICTURE);
  await until(async () => page.evaluate('window.ready'));
  await page.evaluate('window.ready = false');
  await page.keyboard.press('KeyX');
  return Number(await shown);
}

/** Processor time and memory of the server while nothing changes. */
async function load(pid: number): Promise<{ percent: string; residentMiB: string }> {
  const before = ticksOf(pid);
  await pause(IDLE_MS);
  const percent = ((ticksOf(pid) - before) / TICKS_A_SECOND / (IDLE_MS / 1000)) * 100;
  const resident = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return { percent: percent.toFixed(2), residentMiB: (resident / 1024).toFixed(0) };
}
