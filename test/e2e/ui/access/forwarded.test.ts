import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../../named/home.ts';
import { openChromium, withoutChromium } from '../chromium.ts';

describe.skipIf(withoutChromium !== undefined)('the page through a forwarded unix socket', () => {
  let home: Home;
  let browser: Browser;

  beforeAll(async () => {
    home = await makeHome();
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser.close();
    await home.close();
  });

  test('shows and controls machines, consoles included', async () => {
    const image = join(home.path, 'echo.img');
    writeFileSync(image, bootSectors.echo);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', 'm', ...hardware)).toMatchObject({ status: 0 });
    const path = join(home.path, 'ui.sock');
    const server = home.start(['ui', '--no-open', '--socket', path]);
    // As `ssh -L` forwards it, with another port than in the printed address.
    const forward = createServer((client) => {
      const inner = connect(path);
      client.on('error', () => inner.destroy()).pipe(inner);
      inner.on('error', () => client.destroy()).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(forward, 'listening');
    const { port } = forward.address() as AddressInfo;
    const address = await until(() => /^http:\/\/localhost:8080\/#token=\S+$/m.exec(server.stdout())?.[0]);

    const context = await browser.newContext();
    context.setDefaultTimeout(120_000);
    const page = await context.newPage();
    await page.goto(address.replace('8080', String(port)));
    await page.getByRole('button', { name: 'Start m' }).click();
    await page.locator('[data-machine="m"] .state', { hasText: 'running' }).waitFor();
    await page.evaluate("location.hash = '#/machines/m/serial'");
    await page.getByText('connected', { exact: true }).waitFor();
    const terminalText = async (): Promise<string> => page.locator('.xterm-rows').innerText();
    await until(async () => (await terminalText()).includes('up'));
    await page.keyboard.type('through');
    await until(async () => (await terminalText()).includes('through'));

    await context.close();
    forward.close();
    server.process.kill('SIGINT');
    expect(await server.finished).toMatchObject({ status: 0 });
  });
});
