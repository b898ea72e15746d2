import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { afterEach, describe, expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';
import type { UiServer } from './ui-server.ts';

describe.skipIf(withoutChromium !== undefined)('what the page says of an action, and refuses to do', () => {
  let home: Home;
  let ui: UiServer;
  let image: string;

  serveHome((served) => {
    ({ home, ui } = served);
    const path = join(home.path, 'hang.img');
    writeFileSync(path, bootSectors.hang);
    image = `${path},format=raw`;
  });
  afterEach(async () => home.removeAll());

  async function create(name: string, ...flags: readonly string[]): Promise<void> {
    const hardware = ['--image', image, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', name, ...hardware, ...flags)).toMatchObject({ status: 0 });
  }

  const row = (page: Page, name: string): Locator => page.locator(`[data-machine="${name}"]`);
  const focused = async (page: Page): Promise<string> =>
    page.evaluate<string>('document.activeElement.textContent');

  /** Opens the page and holds the server's events for which `isHeld` is true; each function in `held` passes one on. */
  async function openHolding(
    isHeld: (event: string) => boolean,
  ): Promise<{ page: Page; held: (() => void)[] }> {
    const held: (() => void)[] = [];
    const page = await ui.open({}, async (context) => {
      await context.routeWebSocket(/\/v1\/events$/, (socket) => {
        socket.connectToServer().onMessage((message) => {
          const pass = (): void => socket.send(message);
          if (isHeld(String(message))) held.push(pass);
          else pass();
        });
      });
    });
    return { page, held };
  }

  async function askToRemove(page: Page, name: string): Promise<Locator> {
    await row(page, name)
      .getByRole('button', { name: `More actions for ${name}` })
      .click();
    await row(page, name).getByText('Remove …', { exact: true }).click();
    return page.getByRole('dialog');
  }

  test('a removal begins with Cancel, is not answered by Enter in a field, and fits the window', async () => {
    await create('m', '--start');
    expect(await home.vmlet('snapshot', 'create', 'm', 'fresh')).toMatchObject({ status: 0 });
    const page = await ui.open({ viewport: { width: 400, height: 800 } });
    const dialog = await askToRemove(page, 'm');
    expect(await focused(page)).toBe('Cancel');
    await dialog.getByText('Its snapshots can no longer be restored: fresh').waitFor();
    await dialog.getByLabel('Delete its disks too').check();
    await dialog.getByText(/disk0\.qcow2/).waitFor();
    // It shows what a shell changes meanwhile.
    expect(await home.vmlet('disk', 'add', 'm', '1M')).toMatchObject({ status: 0 });
    await dialog.getByText(/disk1\.qcow2/).waitFor();
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    expect(
      await page.evaluate(
        '(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector("dialog"))',
      ),
    ).toBe(0);
    const { x = 0, width = 0 } = (await dialog.getByRole('button', { name: /^Remove/ }).boundingBox()) ?? {};
    expect(x + width).toBeLessThan(400);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });

    await home.vmlet('kill', 'm');
    await home.vmlet('disk', 'rm', '--storage', 'm', 'disk1');
    await home.vmlet('protect', 'm');
    await row(page, 'm').getByText('protected', { exact: true }).waitFor();
    await askToRemove(page, 'm');
    await dialog.getByText(/^Machine \S+ is protected\. Remove the protection first\.$/).waitFor();
    expect(await dialog.getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.evaluate("location.hash = '#/machines/m/snapshots'");
    await page.getByRole('button', { name: 'Restore fresh' }).click();
    await dialog.getByText(/Then the machine starts, with the memory of the snapshot\./).waitFor();
    expect(await focused(page)).toBe('Cancel');
    await home.vmlet('protect', '--off', 'm');
  });

  test('actions wait for each other, and a forced end is a warning', async () => {
    await create('m', '--start');
    const page = await ui.open();
    const other = await ui.open();
    const posts: string[] = [];
    await page.route('**/v1/machines/m/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (route.request().method() === 'POST') posts.push(pathname.replace(/.*\//, ''));
      // The guest ignores its power button, which is pressed for 70 % of the time.
      await route.continue(pathname.endsWith('/stop') ? { postData: '{"timeoutMs":20000}' } : {});
    });
    const stop = row(page, 'm').getByRole('button', { name: 'Stop m' });
    await stop.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await stop.getAttribute('aria-disabled')).toBe('true');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Stop');
    await Promise.all([
      page.getByText("pressing the machine's power button, then waiting at most 14 s").waitFor(),
      other.locator('[data-machine="m"] [aria-disabled="true"]', { hasText: 'Stop' }).waitFor(),
      other.locator('[data-machine="m"] .state', { hasText: 'stopping' }).waitFor(),
    ]);
    const notice = page.locator('.notice.warned', { hasText: 'Stop m: ended by force' });
    await notice.getByText(/^(the guest did not shut down|QEMU did not)/).waitFor();
    expect(posts).toEqual(['stop']);
    await page.getByRole('button', { name: 'Dismiss Stop m:' }).click();
    expect(await page.evaluate('document.activeElement === document.body')).toBe(false);

    await row(page, 'm').getByRole('button', { name: 'Start m' }).click();
    await row(page, 'm').locator('.state', { hasText: 'running' }).waitFor();
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    // The verb changes between the two clicks.
    await row(page, 'm').getByRole('button', { name: 'Resume m' }).dblclick();
    await stop.and(page.locator('[aria-disabled="false"]')).waitFor();
    expect(posts).toEqual(['stop', 'start', 'resume']);
  });

  test('a machine that comes is announced, one that was created but not started is shown', async () => {
    let isHolding = true;
    const { page, held } = await openHolding((event) => isHolding && event.startsWith('{"event":"machine"'));
    const taken = createServer().listen(0, '127.0.0.1');
    const { port } = await until(() => (taken.address() as AddressInfo | null) ?? undefined);
    await page.evaluate("location.hash = '#/create'");
    const button = page.getByRole('button', { name: 'Create', exact: true });
    await page.getByText('Enter a name.').waitFor();
    await page.getByLabel('Name').fill('-x');
    await page.getByLabel('Image, or path').fill(image);
    await page
      .locator('form .problem')
      .getByText(/letters/)
      .waitFor();
    // The problem may be of the name alone, before the image was typed.
    await until(async () => /^vmlet create MACHINE /.test(await page.locator('form code').innerText()));
    // The form outlives a reload.
    await page.reload();
    await page.getByLabel('Name').fill('two');
    await page.getByLabel('Labels').fill('team=red');
    await page.getByLabel('Ports').fill(`${port}:80`);
    await page.getByLabel('Processors').fill('many');
    const invalid = async (): Promise<string[]> =>
      page
        .locator('[aria-invalid="true"]')
        .evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
    // The name of before is marked until the next check.
    await until(async () => isDeepStrictEqual(await invalid(), ['many']));
    await page.getByLabel('Processors').fill('1');
    await page.getByLabel('Memory', { exact: true }).fill('64M');
    await until(async () => (await page.locator('form code').innerText()).includes('64M'));
    await button.click();
    await page.getByRole('heading', { name: 'two is being created …' }).waitFor();
    isHolding = false;
    for (const pass of held) pass();
    const notice = page.locator('.notice.failed', { hasText: 'Create two: created, but not started' });
    await notice.locator('.problem').getByText(String(port)).first().waitFor();
    expect(await notice.getByRole('link', { name: 'two' }).getAttribute('href')).toBe(
      '#/machines/two/overview',
    );
    await page.getByRole('heading', { name: 'two', exact: true }).waitFor();
    expect(home.store.get('two').spec.labels).toEqual({ team: 'red' });
    const { status, stderr } = await home.vmlet(
      'create',
      'three',
      '--image',
      image,
      '-m',
      '64M',
      '-p',
      `${port}:80`,
      '--start',
    );
    expect({ status: status === 0, stderr }).toMatchObject({
      status: false,
      stderr: expect.stringContaining(
        'three was created, but not started; to start it: vmlet start three',
      ) as string,
    });
    taken.close();

    await page.getByRole('button', { name: 'More actions for two' }).click();
    await page.getByText('Remove …', { exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('heading', { name: 'Machines' }).waitFor();
    await page.getByText(/^Kept disks: .*two-disk0\.qcow2$/).waitFor();
    await page.evaluate("location.hash = '#/host'");
    await page.getByText('Each item').click();
    await page.getByText(/^rm .*\/two-disk0\.qcow2$/).waitFor();
  });

  test('a machine whose start has not ended is starting', async () => {
    await create('one');
    let isHolding = false;
    const { page, held } = await openHolding(
      (event) => isHolding && !/^\{"event":"operation".*"state":"running"/.test(event),
    );
    const startButton = row(page, 'one').getByRole('button', { name: 'Start one' });
    await row(page, 'one').getByText('never started').waitFor();
    isHolding = true;
    await startButton.click();
    await row(page, 'one').locator('.state', { hasText: 'starting' }).waitFor();
    // That of its last end is over.
    expect(await row(page, 'one').locator('.why').innerText()).toBe('');
    isHolding = false;
    for (const pass of held) pass();
    await row(page, 'one').locator('.state', { hasText: 'running' }).waitFor();
  });

  test('a refused name stays in its dialog', async () => {
    await create('one');
    await create('two');
    const page = await ui.open();
    await row(page, 'two').getByRole('button', { name: 'More actions for two' }).click();
    await row(page, 'two').getByText('Rename …', { exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New name').fill('one');
    await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
    await dialog.getByText('machine "one" already exists').waitFor();
    await dialog.getByLabel('New name').fill('three');
    await dialog.getByRole('button', { name: 'Rename', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await row(page, 'three').waitFor();
  });

  test('settings change from the menu, and a refused one stays in its dialog', async () => {
    await create('one');
    await home.store.get('one').set({ labels: { team: 'red', old: 'yes' } });
    const page = await ui.open();
    await row(page, 'one').getByRole('button', { name: 'More actions for one' }).click();
    await row(page, 'one').getByText('Settings …', { exact: true }).click();
    const dialog = page.getByRole('dialog');
    const change = dialog.getByRole('button', { name: 'Change', exact: true });
    expect(await dialog.getByLabel('Memory', { exact: true }).inputValue()).toBe('64M');
    expect(await change.isDisabled()).toBe(true);
    await dialog.getByLabel('Memory', { exact: true }).fill('plenty');
    await change.click();
    await dialog.getByText(/memory: .*plenty/).waitFor();
    await dialog.getByLabel('Memory', { exact: true }).fill('96M');
    await dialog.getByLabel('Processors').fill('3');
    await dialog.getByLabel('Labels').fill('team=red\nrole=a shop');
    await dialog
      .getByText("vmlet set one --memory 96M --cpus 3 --label 'role=a shop' --unlabel old", { exact: true })
      .waitFor();
    await change.click();
    await dialog.waitFor({ state: 'detached' });
    await until(() => home.store.get('one').spec.cpus === 3);
    expect(home.store.get('one').spec).toMatchObject({
      memoryBytes: 96 * 2 ** 20,
      labels: { team: 'red', role: 'a shop' },
    });
    expect(home.store.get('one').spec.labels).not.toHaveProperty('old');
  });
});
