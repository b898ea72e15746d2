import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Locator, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/boot-sectors.ts';
import { type Home, makeHome } from '../named/home.ts';
import { openChromium, withoutChromium } from './chromium.ts';
import { UiServer } from './ui-server.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(withoutChromium !== undefined)('devices, networks and files in the page', () => {
  let home: Home;
  let browser: Browser;
  let ui: UiServer;
  let page: Page;

  beforeAll(async () => {
    home = await makeHome();
    browser = await openChromium();
    ui = new UiServer(home, browser);
    page = await ui.open();
  });
  afterAll(async () => {
    await ui.close();
    await browser.close();
    await home.close();
  });
  afterEach(async () => {
    expect(ui.problems).toEqual([]);
    await home.removeAll();
  });

  const row = (name: string): Locator => page.getByRole('row').filter({ hasText: name });
  const dialog = (): Locator => page.getByRole('dialog');

  async function show(place: string): Promise<void> {
    await page.evaluate(`location.hash = '#/${place}'`);
  }

  async function press(name: string): Promise<void> {
    await page.getByRole('button', { name, exact: true }).click();
  }

  async function done(title: string, command: string): Promise<void> {
    const notice = page.locator('.notice.done', { hasText: `${title} done` });
    await notice.getByText(command, { exact: true }).first().waitFor();
    await notice
      .getByRole('button', { name: `Dismiss ${title}` })
      .first()
      .click();
  }

  async function createSmall(name: string): Promise<void> {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', name, ...hardware)).toMatchObject({ status: 0 });
  }

  test('networks show who reaches whom, and are changed from both sides', async () => {
    await Promise.all(['one', 'two', 'three'].map(createSmall));
    await show('networks');
    await page.getByLabel('Name of the new network').fill('lan');
    await page.getByLabel('Subnet, such as 10.9.0.0/24').fill('10.77.0.0/24');
    await page.keyboard.press('Enter');
    await done('Create lan:', 'vmlet network create lan --subnet 10.77.0.0/24');
    const network = page.getByRole('region', { name: 'Network lan' });
    for (const name of ['one', 'two', 'three']) {
      await network.getByLabel('Machine to connect to lan').selectOption(name);
      if (name === 'two') await network.getByLabel('Further name in lan').fill('db');
      await network.getByRole('button', { name: 'Connect', exact: true }).click();
      await done(
        `Connect ${name} to lan:`,
        `vmlet network connect ${name === 'two' ? 'lan:alias=db' : 'lan'} ${name}`,
      );
    }
    const reaches = (name: string): Locator =>
      page
        .getByRole('row')
        .filter({ has: page.getByRole('link', { name, exact: true }) })
        .getByRole('cell')
        .nth(4);
    await row('two').getByText('db', { exact: true }).waitFor();
    expect(await reaches('one').innerText()).toBe('all');

    await press('Partition lan');
    expect(await dialog().getByRole('button', { name: 'Separate' }).isDisabled()).toBe(true);
    await dialog().getByLabel('Group of one').selectOption('group A');
    await dialog().getByLabel('Group of two').selectOption('group B');
    await dialog().getByText('vmlet network partition lan one two').waitFor();
    await dialog().getByRole('button', { name: 'Separate' }).click();
    await network.getByText('Separated: one | two').waitFor();
    expect(await reaches('one').innerText()).toBe('three');
    expect(await reaches('two').innerText()).toBe('three');
    expect(await reaches('three').innerText()).toBe('all');

    await press('Disconnect two from lan');
    await dialog().getByText('vmlet network disconnect lan two').waitFor();
    await dialog().getByRole('button', { name: 'Disconnect', exact: true }).click();
    await done('Disconnect two from lan:', 'vmlet network disconnect lan two');
    expect(home.store.get('two').spec.networks ?? []).toEqual([]);

    await show('networks');
    await press('Heal lan');
    await done('Heal lan:', 'vmlet network heal lan');
    await press('Remove lan');
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    const refusal = page.locator('.notice.failed', { hasText: 'Remove network lan' });
    const { stderr } = await home.vmlet('network', 'rm', 'lan');
    const [sentence = ''] = stderr.replace(/^vmlet: /, '').split('\n');
    await refusal.getByText(sentence).waitFor();
    await home.removeAll();
    await network.getByText('No members.').waitFor();
    await press('Remove lan');
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No private networks.').waitFor();
    expect((await home.vmlet('network', 'ls', '-q')).stdout).toBe('');
  });

  test('events continue after a lost connection, and none appears twice', async () => {
    await createSmall('m');
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    const connections: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/m\/events$/, (socket) => {
      connections.push(socket);
      socket.connectToServer();
    });
    await show('machines/m/events');
    const resumed = page.getByRole('cell', { name: 'RESUME', exact: true });
    await resumed.first().waitFor();
    const count = await resumed.count();
    await connections[0]?.close();
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    await page.getByRole('cell', { name: 'STOP', exact: true }).waitFor();
    expect(connections.length).toBeGreaterThan(1);
    expect(await resumed.count()).toBe(count);
  });
});
