import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';
import type { UiServer } from './ui-server.ts';

/** In one task of the page, so that the browser has yet to report the end of the first dialog. */
const ASK_TWICE = `
  const ask = () => {
    document.querySelector('.machine .menu button').click();
    document.querySelector('.machine [role="menuitem"]:last-child').click();
  };
  const dialogs = () => document.querySelectorAll('dialog');
  ask();
  Promise.resolve().then(() => {
    const [first] = dialogs();
    first.addEventListener('close', () => setTimeout(() => (window.ended = dialogs().length)));
    first.close();
    ask();
  });
`;

describe.skipIf(withoutChromium !== undefined)('a page that is slower than its server and its user', () => {
  let home: Home;
  let ui: UiServer;

  serveHome(async (served) => {
    ({ home, ui } = served);
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', 'm', ...hardware, '--start')).toMatchObject({ status: 0 });
  });

  const focused = async (page: Page): Promise<string> =>
    page.evaluate<string>(
      'document.activeElement.getAttribute("role") + " " + document.activeElement.textContent',
    );

  test('shows machines and dialogs, and takes keys, before its next frame', async () => {
    const page = await ui.open({}, async (context) => {
      // No frame and no timer of the page comes any more.
      await context.clock.install({ time: 0 });
      await context.clock.pauseAt(1000);
    });
    await page.locator('[data-machine="m"] .state', { hasText: 'running' }).waitFor();
    expect(await page.title()).toBe('Machines - vmlet');
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    await page.getByRole('button', { name: 'More actions for m' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.evaluate("location.hash = '#/machines/m'");
    await page.locator('.title .state', { hasText: 'running' }).waitFor();
  });

  test('keeps a question that was asked before the end of another was reported', async () => {
    const page = await ui.open();
    await page.locator('[data-machine="m"]').waitFor();
    await page.evaluate(ASK_TWICE);
    expect(await until(async () => page.evaluate<number | undefined>('window.ended'))).toBe(1);
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('null More');
  });

  test('keeps the keys in a menu whose chosen entry is gone', async () => {
    const page = await ui.open();
    await page.getByRole('button', { name: 'More actions for m' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused(page)).toMatch(/^menuitem Pause/);
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    await page.locator('[data-machine="m"] .state', { hasText: 'paused' }).waitFor();
    expect(await focused(page)).toMatch(/^menu Stop/);
    await page.keyboard.press('ArrowUp');
    expect(await focused(page)).toMatch(/^menuitem Remove/);
    await page.keyboard.press('Escape');
    expect(await focused(page)).toBe('null More');
    expect(await home.vmlet('resume', 'm')).toMatchObject({ status: 0 });
  });

  test('shows a list that is slower than the changes, and asks once more after it', async () => {
    const page = await ui.open();
    const asked = { images: 0, templates: 0 };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const failed: string[] = [];
    page.on('requestfailed', (request) => {
      if (request.url().endsWith('/v1/images')) failed.push(request.failure()?.errorText ?? '');
    });
    await page.route('**/v1/images', async (route) => {
      asked.images++;
      await held;
      await route.continue();
    });
    await page.route('**/v1/templates', async (route) => {
      asked.templates++;
      await route.continue();
    });
    await page.evaluate("location.hash = '#/images'");
    await until(() => asked.images === 1 && asked.templates === 1);
    // The other list shows that the page knows of each change.
    for (const [verb, count] of [
      ['pause', 2],
      ['resume', 3],
    ] as const) {
      expect(await home.vmlet(verb, 'm')).toMatchObject({ status: 0 });
      await until(() => asked.templates >= count);
    }
    expect({ failed, images: asked.images }).toEqual({ failed: [], images: 1 });
    release();
    await page.getByRole('cell', { name: 'micro', exact: true }).waitFor();
    await until(() => asked.images === 2);
    expect(failed).toEqual([]);
  });

  test('keeps a name in its form until it was used, and a name that was typed meanwhile', async () => {
    const page = await ui.open();
    await page.evaluate("location.hash = '#/volumes'");
    const name = page.getByLabel('Name of the new volume');
    const create = async (text: string): Promise<void> => {
      await name.fill(text);
      await page.getByRole('button', { name: 'Create', exact: true }).click();
    };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/v1/volumes', async (route) => {
      const body = route.request().postData();
      if (body?.includes('later') === true) {
        const operation = { id: 'x', kind: 'volume', state: 'running', command: '', startedAt: 0 };
        await route.fulfill({ status: 202, json: { version: 1, command: 'vmlet accepted', operation } });
        return;
      }
      if (body !== null) await held;
      await route.continue();
    });
    await create('first');
    await name.fill('second');
    release();
    await page.getByRole('cell', { name: 'first', exact: true }).waitFor();
    expect(await name.inputValue()).toBe('second');
    await create('second');
    await until(async () => (await name.inputValue()) === '');
    // It may fail after it was accepted.
    await create('later');
    await page.getByText('vmlet accepted').waitFor();
    await page.evaluate('new Promise((end) => requestAnimationFrame(() => requestAnimationFrame(end)))');
    expect(await name.inputValue()).toBe('later');
  });

  test('stays where the user went while a machine was created', async () => {
    const page = await ui.open();
    await page.evaluate("location.hash = '#/create'");
    await page.getByLabel('Name').fill('late');
    await page.getByLabel('Image, or path').fill('micro');
    const held: (() => void)[] = [];
    const answered = page.waitForResponse((response) => response.url().endsWith('/v1/machines'));
    await page.route('**/v1/machines', async (route) => {
      await new Promise<void>((resolve) => held.push(resolve));
      const operation = {
        id: 'x',
        kind: 'create',
        machine: 'late',
        state: 'running',
        command: '',
        startedAt: 0,
      };
      await route.fulfill({ status: 202, json: { version: 1, command: 'vmlet accepted', operation } });
    });
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await until(() => held.length === 1);
    await page.evaluate("location.hash = '#/volumes'");
    for (const release of held) release();
    await answered;
    await page.getByText('vmlet accepted').waitFor();
    expect(await page.evaluate('location.hash')).toBe('#/volumes');
  });

  test('shows the machines when another tab gives the secret late', async () => {
    let early: Page | undefined;
    const { origin } = new URL(await ui.address());
    await ui.open({}, async (context) => {
      early = await context.newPage();
      await early.goto(origin);
      await early.getByText('This link is not valid').waitFor();
    });
    await early?.locator('[data-machine="m"] .state', { hasText: 'running' }).waitFor();
  });
});
