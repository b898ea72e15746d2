import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { keyboardSectors } from '../../../fixtures/guests/keyboard-sectors.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';
import type { UiServer } from './ui-server.ts';

// Each page is looked at twelve times.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const PICTURES = join(import.meta.dirname, '../../../test-results/ui');
/** An address is shown some time after it was set. */
const currentTab = (place: string): string => `.tabs [aria-current][href$="${place}"]`;
/** Each tab with a machine that has something in it, which is there when the tab is complete. */
const TABS: Readonly<Record<string, readonly [machine: string, content: string]>> = {
  overview: ['screen', '.facts dt'],
  serial: ['screen', 'text="connected"'],
  screen: ['screen', 'text="connected"'],
  shell: ['guest', '.xterm-rows >> text=/[#$]/'],
  logs: ['guest', '[role="log"]:not(:has-text("no lines"))'],
  events: ['screen', 'td:text-is("resumed")'],
  snapshots: ['screen', 'td:text-is("fresh")'],
  disks: ['screen', 'td:text-is("disk0")'],
  shares: ['guest', 'td:has-text("/srv/site")'],
  ports: ['screen', 'main li:has-text("→ 80")'],
  networks: ['guest', 'td:has-text("10.77.0.")'],
  files: ['guest', 'td:has-text("notes.txt")'],
};
/** Pages of the host, with the same. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  images: ['[aria-label="Images"] td', '[aria-label="Templates"] td:text-is("fast")'],
  volumes: ['text=64 MiB'],
  networks: ['text=10.77.0.0/24'],
  host: ['text=downloads'],
};

describe.skipIf(withoutChromium !== undefined)('the looks of the page', () => {
  let home: Home;
  let ui: UiServer;

  serveHome(async (served) => {
    ({ home, ui } = served);
    served.scope.defer(async () => {
      await home.vmlet('pool', 'rm', 'fast');
    });
    mkdirSync(PICTURES, { recursive: true });
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
    const guest = ['--image', 'micro', '-m', '128M', '-v', 'data:/data', '--network', 'lan'];
    const site = join(home.path, 'site');
    mkdirSync(site);
    for (const words of [
      ['create', 'guest', ...guest, '--start'],
      // At the next start: the host may have no virtiofsd.
      ['share', 'add', 'guest', `${site}:/srv/site:ro`],
      ['exec', 'guest', '--', 'sh', '-c', 'mkdir /root/logs; echo text >/root/notes.txt'],
      ['template', 'create', 'warm', '--image', 'micro', '-m', '128M', '--net', 'none'],
      ['pool', 'create', 'fast', '--template', 'warm', '--size', '1'],
    ]) {
      expect(await home.vmlet(...words)).toMatchObject({ status: 0 });
    }
  });

  async function showTab(page: Page, tab: string): Promise<void> {
    const [machine, content] = TABS[tab] ?? [];
    await page.evaluate(`location.hash = '#/machines/${machine}/${tab}'`);
    await page.locator(currentTab(tab)).waitFor();
    await page
      .locator(content ?? '')
      .first()
      .waitFor();
  }

  async function showPage(page: Page, place: string): Promise<void> {
    await page.evaluate(`location.hash = '#/${place}'`);
    for (const content of PAGES[place] ?? []) await page.locator(content).first().waitFor();
  }

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
      for (const tab of Object.keys(TABS)) {
        await showTab(page, tab);
        await look(page, `${tab}-${colorScheme}`);
      }
      for (const place of Object.keys(PAGES)) {
        await showPage(page, place);
        await look(page, `${place}-${colorScheme}`);
      }
      await page.evaluate(`location.hash = '#/images'`);
      await page.getByRole('button', { name: 'Remove template warm' }).click();
      await page.getByText('The template cannot be removed while it is in use by fast.').waitFor();
      await look(page, `remove-template-${colorScheme}`);
      await page.keyboard.press('Escape');
      await showPage(page, 'host');
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
    },
  );

  test.each([400, 800])('nothing is clipped in a window %i pixels wide', async (width) => {
    const page = await ui.open({ viewport: { width, height: 800 } });
    const isWithin = async (place: string): Promise<void> => {
      const excess = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect({ place, excess: await page.evaluate(excess) }).toEqual({ place, excess: 0 });
    };
    await page.locator('.machine').first().waitFor();
    await isWithin('machines');
    await page.evaluate(`location.hash = '#/create'`);
    await page.getByRole('button', { name: 'Add volume' }).click();
    await isWithin('create');
    for (const place of Object.keys(PAGES)) {
      await showPage(page, place);
      await isWithin(place);
    }
    for (const tab of Object.keys(TABS)) {
      await showTab(page, tab);
      await isWithin(tab);
      // The link of the tab that is shown is in sight.
      const box = await page.locator(currentTab(tab)).boundingBox();
      expect({ tab, isShown: box !== null && box.x >= 0 && box.x + box.width <= width }).toEqual({
        tab,
        isShown: true,
      });
    }
    await page.evaluate(`location.hash = '#/machines'`);
    await look(page, `narrow-${width}`);
  });
});
