import type { Browser, Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../../until.ts';
import type { Home } from '../../named/home.ts';
import { withoutChromium } from '../chromium.ts';
import { serveHome } from '../served-home.ts';
import { UiServer } from '../ui-server.ts';

// One test leads a machine through its life.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(withoutChromium !== undefined)('the life of a machine in the page', () => {
  let home: Home;
  let browser: Browser;
  let ui: UiServer;
  let page: Page;

  serveHome(async (served) => {
    ({ home, browser, ui } = served);
    page = await ui.open();
  });
  // A failed test may have left another page.
  beforeEach(async () => page.evaluate("location.hash = '#/machines'"));
  afterEach(async () => home.removeAll());

  const row = (name: string): Locator => page.locator(`[data-machine="${name}"]`);

  async function inState(name: string, state: string): Promise<void> {
    await row(name).locator('.state', { hasText: state }).waitFor();
  }

  async function more(name: string, action: string): Promise<void> {
    await row(name)
      .getByRole('button', { name: `More actions for ${name}` })
      .click();
    await row(name)
      .getByRole('menuitem')
      .filter({ has: page.getByText(action, { exact: true }) })
      .click();
  }

  /** The notice of a completed action, with its command. */
  async function done(title: string, command: string): Promise<void> {
    const notice = page.locator('.notice.done', { hasText: `${title} done` });
    await notice.getByText(command, { exact: true }).first().waitFor();
    await notice
      .getByRole('button', { name: `Dismiss ${title}` })
      .first()
      .click();
  }

  async function create(name: string): Promise<void> {
    expect(await home.vmlet('create', name, '--image', 'micro')).toMatchObject({ status: 0 });
  }

  /** A machine that starts at once and has no agent. */
  async function createSmall(name: string): Promise<void> {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', name, ...hardware)).toMatchObject({ status: 0 });
  }

  test('begins in the page, which always shows the command', async () => {
    const image = join(home.path, 'new.img');
    writeFileSync(image, bootSectors.hang);
    await page.getByRole('link', { name: 'New machine' }).click();
    await page.getByLabel('Name').fill('made');
    await page.getByLabel('Image, or path of a disk').fill(`${image},format=raw`);
    await page.getByLabel('Memory', { exact: true }).fill('much');
    await page.locator('form .problem').getByText(/much/).waitFor();
    expect(await page.getByRole('button', { name: 'Create', exact: true }).isDisabled()).toBe(true);
    await page.getByLabel('Memory', { exact: true }).fill('64M');
    await page.getByLabel('Ports').fill('80 8022:22');
    const command = page.locator('form code');
    const shown = await until(async () => {
      const text = await command.innerText();
      return text.includes('64M') && text;
    });
    expect(shown).toMatch(/^vmlet create made .*--image .*new\.img,format=raw/);
    expect(shown).toContain('--start');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: 'made' }).waitFor();
    await page.locator('.title .state', { hasText: 'running' }).waitFor();
    const { memoryBytes, ports } = home.store.get('made').spec;
    expect({ memoryBytes, guests: ports.map(({ guestPort }) => guestPort) }).toEqual({
      memoryBytes: 64 * 1024 * 1024,
      guests: [80, 22],
    });
    await page.getByRole('link', { name: 'Machines' }).click();
    await row('made').waitFor();
  });

  test('can be controlled by mouse, and each action shows its command', async () => {
    await create('m');
    // The list changes without a reload.
    await inState('m', 'created');
    await row('m').getByRole('button', { name: 'Start m' }).click();
    await inState('m', 'running');
    await done('Start m:', 'vmlet start m');
    await row('m').getByText(/^CPU/).waitFor();

    await more('m', 'Pause');
    await inState('m', 'paused');
    await done('Pause m:', 'vmlet pause m');
    await row('m').getByRole('button', { name: 'Resume m' }).click();
    await inState('m', 'running');
    await done('Resume m:', 'vmlet resume m');

    await more('m', 'Save');
    await inState('m', 'saved');
    await done('Save m:', 'vmlet save m');
    expect(home.store.get('m').status().kind).toBe('saved');
    await row('m').getByRole('button', { name: 'Start m' }).click();
    await inState('m', 'running');

    await row('m').getByRole('button', { name: 'Stop m' }).click();
    await inState('m', 'stopped');
    await row('m').getByText('the guest powered off').waitFor();
    await page.locator('.notice.done', { hasText: 'by guest' }).waitFor();

    await more('m', 'Clone …');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New name').fill('second');
    await dialog.getByText('vmlet clone m second').waitFor();
    await dialog.getByRole('button', { name: 'Clone', exact: true }).click();
    await inState('second', 'created');
    await more('second', 'Rename …');
    await dialog.getByLabel('New name').fill('other');
    await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
    await inState('other', 'created');
    expect(home.store.names()).toEqual(['m', 'other']);
    await row('second').waitFor({ state: 'detached' });

    await more('other', 'Protect');
    await row('other').getByText('protected', { exact: true }).waitFor();
    await more('other', 'Remove protection');
    await until(() => !home.store.get('other').spec.protected);

    const disk = (await home.store.get('other').disks())[0]?.path ?? '';
    expect(existsSync(disk)).toBe(true);
    await more('other', 'Remove …');
    await dialog.getByLabel('Delete its disks too').check();
    await dialog.getByText(disk).waitFor();
    await dialog.getByText('vmlet rm --storage other').waitFor();
    await dialog.getByRole('button', { name: 'Remove machine and disks' }).click();
    await row('other').waitFor({ state: 'detached' });
    await until(() => !home.store.names().includes('other'));
    expect(existsSync(disk)).toBe(false);
  });

  test('is the same in two pages at once', async () => {
    await createSmall('m');
    const second = await ui.open();
    const inSecond = second.locator('[data-machine="m"]');
    await inSecond.getByText('created', { exact: true }).waitFor();
    await row('m').getByRole('button', { name: 'Start m' }).click();
    await inSecond.locator('.state', { hasText: 'running' }).waitFor();
    await done('Start m:', 'vmlet start m');
    await inSecond.getByRole('button', { name: 'More actions for m' }).click();
    await inSecond.getByText('Pause', { exact: true }).click();
    await inState('m', 'paused');
    // A link in another tab needs no token: an open tab gives the secret.
    const tab = await page.context().newPage();
    await tab.goto(`${new URL(page.url()).origin}/#/machines/m`);
    await tab.locator('.title .state', { hasText: 'paused' }).waitFor();
    await tab.close();
    // Another address in the same browser has another cookie; the open tabs get its secret.
    const other = await page.context().newPage();
    await other.goto(await ui.newAddress());
    await other.locator('[data-machine="m"]').waitFor();
    await other.close();
    await row('m').getByRole('button', { name: 'Resume m' }).click();
    await inState('m', 'running');
    // An action is shown only by the page that started it.
    expect(await page.locator('.notice', { hasText: 'Pause m' }).count()).toBe(0);
  });

  test('machines are grouped by a label, and move when it changes', async () => {
    for (const name of ['a', 'b', 'c']) await createSmall(name);
    await home.vmlet('set', 'a', '--label', 'team=red');
    await home.vmlet('set', 'b', '--label', 'team=blue');
    const group = (text: string): Locator => page.getByRole('list', { name: `Machines, ${text}` });
    await page.getByLabel('Group machines by a label').selectOption('by team');
    await group('team=red').locator('[data-machine="a"]').waitFor();
    await group('without team').locator('[data-machine="c"]').waitFor();
    await home.vmlet('set', 'a', '--label', 'team=blue');
    await group('team=blue').locator('[data-machine="a"]').waitFor();
    expect(await group('team=red').count()).toBe(0);
    expect(await page.locator('.group h2 .faint').allInnerTexts()).toEqual(['2', '1']);
    await page.getByLabel('Group machines by a label').selectOption('not grouped');
    await page.getByRole('list', { name: 'Machines', exact: true }).waitFor();
  });

  test('continues without the server, and in the page of the next one', async () => {
    await createSmall('m');
    expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
    const first = new UiServer(home, browser);
    const left = await first.open();
    await first.end();
    await left.getByText('if vmlet ui is no longer running').waitFor();
    await left.getByRole('button', { name: 'Stop m' }).click();
    await left.locator('.notice.failed').getByText('the server does not answer').waitFor();
    expect(home.store.get('m').status().kind).toBe('running');
    await left.goto(await ui.newAddress());
    await left.locator('[data-machine="m"] .state', { hasText: 'running' }).waitFor();
    await first.close();
  });
});
