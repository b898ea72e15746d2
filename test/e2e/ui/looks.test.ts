import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/boot-sectors.ts';
import { keyboardSectors } from '../../../fixtures/keyboard-sectors.ts';
import { type Home, makeHome } from '../named/home.ts';
import { openChromium, withoutChromium } from './chromium.ts';
import { UiServer } from './ui-server.ts';

// Each page is looked at twelve times.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const PICTURES = join(import.meta.dirname, '../../../test-results/ui');
/** An address is shown some time after it was set. */
const currentTab = (place: string): string => `.tabs [aria-current][href$="${place}"]`;
const TABS = [
  ...['overview', 'serial', 'screen', 'shell', 'logs', 'events', 'snapshots'],
  ...['disks', 'shares', 'ports', 'networks', 'files'],
];
/** Pages of the host, each with something that is there when it is complete. */
const PAGES = { images: 'micro', volumes: '64 MB', networks: '10.77.0.0/24', host: 'downloads' };

describe.skipIf(withoutChromium !== undefined)('the looks of the page', () => {
  let home: Home;
  let browser: Browser;
  let ui: UiServer;

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    home = await makeHome();
    browser = await openChromium();
    ui = new UiServer(home, browser);
    const images = { screen: keyboardSectors.onScreen, text: bootSectors.echo };
    for (const [name, sector] of Object.entries(images)) {
      const image = join(home.path, `${name}.img`);
      writeFileSync(image, sector);
      const hardware = ['--image', image + ',format=raw', '-m', '64M', '--cpus', '1', '-p', '80'];
      await home.vmlet('create', name, ...hardware, '--label', 'team=web');
      await home.vmlet('create', `${name}-off`, ...hardware);
    }
    expect(await home.vmlet('start', 'screen', 'text')).toMatchObject({ status: 0 });
    expect(await home.vmlet('snapshot', 'create', 'screen', 'fresh')).toMatchObject({ status: 0 });
    await home.vmlet('pause', 'text');
    expect(await home.vmlet('network', 'create', 'lan', '--subnet', '10.77.0.0/24')).toMatchObject({
      status: 0,
    });
    expect(await home.vmlet('volume', 'create', 'data', '--size', '64M')).toMatchObject({ status: 0 });
    for (const name of ['screen-off', 'text-off']) await home.vmlet('network', 'connect', 'lan', name);
    await home.vmlet('network', 'partition', 'lan', 'screen-off', 'text-off');
  });
  afterAll(async () => {
    await ui.close();
    await browser.close();
    await home.close();
  });

  async function look(page: Page, name: string): Promise<void> {
    await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<axe.AxeResults>('axe.run()');
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
    expect({ name, found }).toEqual({ name, found: [] });
  }

  test.each(['light', 'dark'] as const)(
    'every page and dialog can be used with a screen reader, in %s',
    async (colorScheme) => {
      const page = await ui.open({ colorScheme });
      const screen = page.locator('[data-machine="screen"]');
      await screen.locator('img').waitFor();
      // A curve has two points at least.
      await screen.locator('path.area').first().waitFor();
      await look(page, `list-${colorScheme}`);
      await screen.getByRole('button', { name: 'More actions for screen' }).click();
      await look(page, `menu-${colorScheme}`);
      await screen.getByText('Remove …', { exact: true }).click();
      await page.getByLabel('Delete its disks too').check();
      await page.locator('dialog li').waitFor();
      await look(page, `remove-${colorScheme}`);
      await page.keyboard.press('Escape');
      for (const tab of TABS) {
        await page.evaluate(`location.hash = '#/machines/screen/${tab}'`);
        await page.locator(currentTab(tab)).waitFor();
        if (tab === 'screen' || tab === 'serial') {
          await page.getByText('connected', { exact: true }).waitFor();
        }
        if (tab === 'snapshots') await page.getByRole('cell', { name: 'fresh', exact: true }).waitFor();
        if (tab === 'events')
          await page.getByRole('cell', { name: 'resumed', exact: true }).first().waitFor();
        if (tab === 'disks') await page.getByRole('cell', { name: 'disk0', exact: true }).waitFor();
        await look(page, `${tab}-${colorScheme}`);
      }
      for (const [place, content] of Object.entries(PAGES)) {
        await page.evaluate(`location.hash = '#/${place}'`);
        await page.getByText(content).first().waitFor();
        await look(page, `${place}-${colorScheme}`);
      }
      await page.getByRole('button', { name: 'Prune …' }).click();
      await page
        .locator('dialog')
        .getByText(/^(To be deleted|There is nothing)/)
        .first()
        .waitFor();
      await look(page, `prune-${colorScheme}`);
      await page.keyboard.press('Escape');
      await page.evaluate(`location.hash = '#/create'`);
      await page.getByLabel('Name', { exact: true }).fill('new');
      for (const one of ['disk', 'volume', 'network']) {
        const add = page.getByRole('button', { name: `Add ${one}` });
        await add.and(page.locator(':enabled')).click();
      }
      await page.getByText(/^Choose an image \([1-9]/).click();
      await look(page, `create-${colorScheme}`);
      expect(ui.problems).toEqual([]);
    },
  );

  test.each([400, 800])('nothing is clipped in a window %i pixels wide', async (width) => {
    const page = await ui.open({ viewport: { width, height: 800 } });
    const pages = Object.keys(PAGES).map((name) => `#/${name}`);
    for (const place of [
      '#/machines',
      '#/create',
      ...pages,
      ...TABS.map((tab) => `#/machines/screen/${tab}`),
    ]) {
      await page.evaluate(`location.hash = '${place}'`);
      const own: Readonly<Record<string, string>> = { '#/machines': '.machine', '#/create': '.create' };
      const content = own[place] ?? (pages.includes(place) ? '.scroll' : currentTab(place));
      await page.locator(content).first().waitFor();
      if (place === '#/create') await page.getByRole('button', { name: 'Add volume' }).click();
      const excess = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect({ place, excess: await page.evaluate(excess) }).toEqual({ place, excess: 0 });
      // The link of the tab that is shown is in sight.
      if (place.includes('/screen/')) {
        const box = await page.locator(content).boundingBox();
        expect({ place, isShown: box !== null && box.x >= 0 && box.x + box.width <= width }).toEqual({
          place,
          isShown: true,
        });
      }
    }
    await page.evaluate(`location.hash = '#/machines'`);
    await look(page, `narrow-${width}`);
  });
});
