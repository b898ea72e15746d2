import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

/** Places of the page, the names of buttons there, and the titles of the dialogs that they open. */
const DIALOGS: readonly (readonly [place: string, button: string | RegExp, title: string | RegExp])[] = [
  ['machines/m/disks', 'Resize disk1', 'Resize disk1'],
  ['machines/m/disks', 'Remove disk1', 'Remove disk1 from m?'],
  ['machines/m/disks', 'Insert a CD into cdrom0', 'Insert a CD into cdrom0'],
  ['machines/m/shares', 'Remove /shared', /\/shared/],
  ['machines/m/snapshots', 'Restore first', 'Restore snapshot first?'],
  ['machines/m/snapshots', 'Remove first', 'Remove snapshot first?'],
  ['machines/m/networks', 'Disconnect m from lan', /^Disconnect m/],
  ['networks', 'Partition lan', 'Partition lan'],
  ['networks', 'Heal lan', 'Heal lan?'],
  ['networks', 'Remove lan', 'Remove network lan?'],
  ['images', 'Remove micro', 'Remove micro?'],
  ['images', 'Remove template old', 'Remove template old?'],
  ['images', 'Prune …', /^Remove unused/],
  ['volumes', 'Remove data', 'Remove volume data?'],
  ['volumes', 'Prune …', /^Remove unused/],
  ['host', 'Prune …', /^Remove unused/],
];

/** The same for entries in the menu of a machine in the list. */
const OF_MENU: readonly (readonly [machine: string, entry: string, title: string])[] = [
  ['m', 'Clone …', 'Clone m'],
  ['m', 'Settings …', 'Settings of m'],
  ['m', 'Rename …', 'Rename m'],
  ['m', 'Remove …', 'Remove m?'],
  ['running', 'Reset', 'Reset: running?'],
  ['running', 'Kill', 'Kill: running?'],
];

describe.skipIf(withoutChromium !== undefined)('every dialog can be used with a screen reader', () => {
  let home: Home;
  let page: Page;

  serveHome(async (served) => {
    home = served.home;
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const shared = join(home.path, 'shared');
    mkdirSync(shared);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1'];
    const devices = ['--disk', '1M', '-v', `${shared}:/shared`, '--network', 'lan'];
    for (const words of [
      ['network', 'create', 'lan'],
      ['volume', 'create', 'data', '--size', '64M'],
      ['create', 'm', ...hardware, ...devices],
      ['create', 'running', ...hardware, '--network', 'lan', '--start'],
      ['cd', 'add', 'm'],
      ['snapshot', 'create', 'm', 'first'],
      ['network', 'partition', 'lan', 'm', 'running'],
    ]) {
      const { status, stderr } = await home.vmlet(...words);
      expect(status, `${words.join(' ')}: ${stderr}`).toBe(0);
    }
    const templates = join(home.path, 'data/vmlet/templates');
    const template = join(templates, '00000000-1-1-abcdef');
    mkdirSync(template, { recursive: true });
    writeFileSync(join(template, 'template.json'), 'nothing');
    symlinkSync(template, join(templates, 'old'));
    page = await served.ui.open();
    await page.evaluate(axe.source);
  });

  /** Looks at the open dialog in both colour schemes, and closes it. */
  async function look(title: string | RegExp): Promise<void> {
    const dialog = page.getByRole('dialog', { name: title, exact: true });
    await dialog.waitFor();
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations, passes } = await page.evaluate<axe.AxeResults>("axe.run('dialog')");
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
        expect({ title, colorScheme, found }).toEqual({ title, colorScheme, found: [] });
        // A check that finds no text would pass.
        expect(passes.map(({ id }) => id)).toContain('color-contrast');
      }
    } finally {
      await page.keyboard.press('Escape');
    }
    await dialog.waitFor({ state: 'detached' });
  }

  test.each(DIALOGS)('in %s: %s', async (place, button, title) => {
    await page.evaluate(`location.hash = '#/${place}'`);
    await page.getByRole('button', { name: button, exact: true }).click();
    await look(title);
  });

  test.each(OF_MENU)('of the machine %s: %s', async (machine, entry, title) => {
    await page.evaluate("location.hash = '#/machines'");
    await page.getByRole('button', { name: `More actions for ${machine}`, exact: true }).click();
    await page.locator(`[data-machine="${machine}"]`).getByText(entry, { exact: true }).click();
    await look(title);
  });
});
