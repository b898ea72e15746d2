import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../../until.ts';
import type { Home } from '../../named/home.ts';
import { withoutChromium } from '../chromium.ts';
import { serveHome } from '../served-home.ts';
import type { UiServer } from '../ui-server.ts';

describe.skipIf(withoutChromium !== undefined)('the page in a browser with other pages', () => {
  let home: Home;
  let ui: UiServer;
  let page: Page;
  let origin: string;

  serveHome(async (served) => {
    ({ home, ui } = served);
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    await home.store.create({ name: 'm', disks: [`${image},format=raw,readonly`], net: 'none' });
    page = await ui.open();
    await page.locator('[data-machine="m"]').waitFor();
    ({ origin } = new URL(page.url()));
  });

  test('is not reached by a page of another port, which is sent its cookie', async () => {
    const cookies: (string | undefined)[] = [];
    const other = createServer((request: IncomingMessage, response) => {
      cookies.push(request.headers.cookie);
      response.setHeader('content-type', 'text/html').end(`<!doctype html>
        <iframe name="inner"></iframe>
        <form method="post" enctype="text/plain" action="${origin}/v1/machines/m/start" target="inner">
          <input name='{"a":"' value='"}'></form>`);
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const foreign = await page.context().newPage();
    await foreign.goto(`http://127.0.0.1:${port}/`);
    expect(cookies[0]).toMatch(/^vmlet-\d+=/);

    const [refused] = await Promise.all([
      foreign.waitForResponse((response) => response.url().startsWith(`${origin}/v1/`)),
      foreign.evaluate('document.forms[0].submit()'),
    ]);
    expect(refused.status()).toBe(403);

    for (const options of ['{}', '{ credentials: "include" }']) {
      const read = `fetch("${origin}/v1/machines", ${options}).then(() => 'read', ({ name }) => name)`;
      expect(await foreign.evaluate(read)).toBe('TypeError');
    }
    // Without CORS the browser sends it, and gives no answer to the page.
    const change = `fetch("${origin}/v1/machines/m/start", { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}' })`;
    expect(await foreign.evaluate(`${change}.then(() => 'read', ({ name }) => name)`)).toBe('TypeError');

    const opened = `new Promise((resolve) => {
      const socket = new WebSocket("${origin.replace('http', 'ws')}/v1/events", ['vmlet']);
      socket.onopen = () => resolve('opened');
      socket.onerror = () => resolve('refused');
    })`;
    expect(await foreign.evaluate(opened)).toBe('refused');

    const messages: string[] = [];
    foreign.on('console', (message) => messages.push(message.text()));
    await foreign.evaluate(`new Promise((resolve) => {
      const [frame] = document.getElementsByTagName('iframe');
      frame.onload = resolve;
      frame.src = "${origin}/";
    })`);
    // Both may come after its load event.
    await until(() => messages.some((message) => message.includes("frame-ancestors 'none'")));
    await until(() => foreign.frame('inner')?.url().startsWith('chrome-error:'));

    expect(home.store.get('m').status().kind).toBe('created');
    other.closeAllConnections();
    other.close();
    await foreign.close();
  });

  test('runs no inline script', async () => {
    const blocked = `new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
      ADD
    })`;
    const script = `const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);`;
    expect(await page.evaluate(blocked.replace('ADD', script))).toBe('script-src-elem');
    const handler = `const image = document.createElement('b');
      image.innerHTML = '<img src="data:," onerror="window.ran = true">';
      document.body.append(image);`;
    expect(await page.evaluate(blocked.replace('ADD', handler))).toBe('script-src-attr');
    expect(await page.evaluate('window.ran')).toBe(undefined);
  });

  test('leaves no token in the history', async () => {
    const tab = await page.context().newPage();
    await tab.goto('data:text/html,before');
    const address = await ui.newAddress();
    await tab.goto(address);
    await tab.locator('[data-machine="m"]').waitFor();
    const session = await page.context().newCDPSession(tab);
    const entries = await until(async () => {
      const history = await session.send('Page.getNavigationHistory');
      return history.entries.at(-1)?.url === `${origin}/#/machines` && history.entries;
    });
    expect(entries.filter(({ url }) => url.includes('token'))).toEqual([]);
    await tab.goBack();
    expect(tab.url()).toBe('data:text/html,before');
    await tab.close();
  });
});
