import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { freePort } from '../../../src/host/programs/passt-handshake.ts';
import { awaitedLater, until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { restartsForUdp } from '../probed-host.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';
import type { UiServer } from './ui-server.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(withoutChromium !== undefined)('a running machine in the page', () => {
  let home: Home;
  let ui: UiServer;
  let page: Page;

  serveHome(async (served) => {
    ({ home, ui } = served);
    page = await ui.open();
  });
  afterEach(async () => home.removeAll());

  const listed = (): Locator => page.locator('[data-machine="m"]');
  const dialog = (): Locator => page.getByRole('dialog');
  const row = (name: string): Locator =>
    page.locator('tr').filter({ has: page.locator('td:first-child').getByText(name, { exact: true }) });

  async function show(place: string): Promise<void> {
    await page.evaluate(`location.hash = '#/${place}'`);
  }

  async function startSmall(): Promise<void> {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
    expect(await home.vmlet('create', 'm', ...hardware, '--start')).toMatchObject({ status: 0 });
  }

  async function inState(state: string): Promise<void> {
    await listed().locator('.state', { hasText: state }).waitFor();
  }

  async function more(action: string): Promise<void> {
    await listed().getByRole('button', { name: 'More actions for m' }).click();
    await listed()
      .getByRole('menuitem')
      .filter({ has: page.getByText(action, { exact: true }) })
      .click();
  }

  async function confirm(action: string, command: string): Promise<void> {
    await dialog().getByText(command, { exact: true }).waitFor();
    await dialog().getByRole('button', { name: action, exact: true }).click();
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

  const startedAt = (): number | undefined => {
    const status = home.store.get('m').status();
    return status.kind === 'running' ? status.startedAt.getTime() : undefined;
  };

  test('is reset and killed after a question, and starts without its saved memory', async () => {
    await show('machines');
    await startSmall();
    await inState('running');
    await more('Reset');
    await confirm('Reset', 'vmlet reset m');
    await done('Reset m:', 'vmlet reset m');
    expect((await home.vmlet('logs', '--source', 'events', 'm')).stdout).toMatch(/"RESET"/);

    await more('Kill');
    await dialog()
      .getByText(/without a shutdown of the guest/)
      .waitFor();
    await confirm('Kill', 'vmlet kill m');
    await inState('stopped');
    await done('Kill m:', 'vmlet kill m');
    expect(startedAt()).toBeUndefined();

    await listed().getByRole('button', { name: 'Start m' }).click();
    await inState('running');
    await done('Start m:', 'vmlet start m');
    await more('Save');
    await inState('saved');
    await done('Save m:', 'vmlet save m');
    const sent = awaitedLater(
      page.waitForRequest((request) => request.url().endsWith('/v1/machines/m/start')),
    );
    await more('Start without saved memory');
    await dialog()
      .getByText(/saved memory is discarded/)
      .waitFor();
    await confirm('Start without saved memory', 'vmlet start --discard-saved m');
    expect((await sent).postDataJSON()).toEqual({ discardSaved: true });
    await inState('running');
    await done('Start without saved memory m:', 'vmlet start --discard-saved m');
  });

  test('is restarted, publishes ports at once, and its ports are links', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    await show('machines');
    await inState('running');
    const before = startedAt();
    await more('Restart');
    await done('Restart m:', 'vmlet restart m');
    await inState('running');
    expect(startedAt()).toBeGreaterThan(before ?? Number.NaN);

    const serve = 'mkdir -p /www && echo of the guest >/www/index.html && httpd -p 80 -h /www';
    expect(await home.vmlet('exec', 'm', '--', 'sh', '-c', serve)).toMatchObject({ status: 0 });
    const port = await freePort();
    await show('machines/m/ports');
    await page.getByLabel(/^Port to publish/).fill(`${port}:80`);
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    const link = page.getByRole('main').getByRole('link', { name: `${port} → 80`, exact: true });
    await link.waitFor();
    await done(`Publish ${port}:80:`, `vmlet port add m ${port}:80`);
    for (const place of ['machines/m/ports', 'machines/m/overview', 'machines']) {
      await show(place);
      const [opened] = await Promise.all([page.context().waitForEvent('page'), link.click()]);
      await opened.getByText('of the guest').waitFor();
      expect(await opened.evaluate('window.opener')).toBeNull();
      await opened.close();
    }
    await show('machines/m/ports');
    const remove = page.getByRole('button', { name: `Remove port 127.0.0.1:${port}:80/tcp` });
    await remove.click();
    await remove.waitFor({ state: 'detached' });
    await until(async () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => false,
        () => true,
      ),
    );
    expect(home.store.get('m').spec.ports).toEqual([]);
    const udp = `${port}:53/udp`;
    await page.getByLabel(/^Port to publish/).fill(udp);
    await page.keyboard.press('Enter');
    if (await restartsForUdp(home.store.get('m'))) {
      const notice = page.locator('.notice.warned', { hasText: `Publish ${udp}: done` });
      await notice.getByText(/^restarting passt .* this ends the open connections of the guest/).waitFor();
      await notice.getByRole('button', { name: /^Dismiss/ }).click();
    } else await done(`Publish ${udp}:`, `vmlet port add m ${udp}`);
    expect(await home.vmlet('port', 'rm', 'm', `${port}/udp`)).toMatchObject({ status: 0 });
    // A change by another client.
    expect(await home.vmlet('port', 'add', 'm', `${port}:81`)).toMatchObject({ status: 0 });
    const other = page.getByRole('main').getByText(`${port} → 81`, { exact: true });
    await other.waitFor();
    expect(await home.vmlet('port', 'rm', 'm', `${port}:81`)).toMatchObject({ status: 0 });
    await other.waitFor({ state: 'detached' });
  });

  test('has a curve of its network in its overview, or a sentence why there is none', async () => {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const small = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--start'];
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    expect(await home.vmlet('create', 'mute', ...small)).toMatchObject({ status: 0 });
    expect(await home.vmlet('create', 'alone', ...small, '--net', 'none')).toMatchObject({ status: 0 });
    await show('machines');
    // The list does not ask the guest.
    await listed().locator('.curve', { hasText: 'Disk' }).locator('path.area').waitFor();
    expect(await listed().locator('.curve', { hasText: 'Net' }).count()).toBe(0);

    await show('machines/m/overview');
    const curve = page.locator('.curves .curve', { hasText: /^Net/ });
    await curve.locator('path.area').waitFor();
    // A screen reader says the text beside it.
    expect(await curve.textContent()).toMatch(/^Net \d[\d.]* \w+\/s$/);
    const sent = async (): Promise<number> =>
      (await home.store.get('m').live().statistics({ askGuest: true })).networks?.[0]?.sentBytes ?? 0;
    const before = await sent();
    const { stdout: routes } = await home.exec('m', 'ip', 'route');
    const gateway = /default via (\S+)/.exec(routes)?.[1] ?? '';
    const send = async () => home.exec('m', 'timeout', '3', 'wget', '-q', '-O', '-', `http://${gateway}:9/`);
    await send();
    expect(await sent()).toBeGreaterThan(before);
    // The text is the rate of the last interval alone.
    await until(async () => {
      await send();
      return curve.getByText(/^[1-9]/).isVisible();
    });

    await show('machines/mute/overview');
    await page.getByText('The network is not counted: no agent answers in the guest.').waitFor();
    expect(await curve.count()).toBe(0);
    await show('machines/alone/overview');
    await page.getByText('This machine has no network.').waitFor();
  });

  test('is not read while its page is hidden', async () => {
    await startSmall();
    const chosen: string[] = [];
    const another = await ui.open({}, (context) => {
      context.on('page', (opened) =>
        opened.on('websocket', (socket) =>
          socket.on('framesent', ({ payload }) => chosen.push(String(payload))),
        ),
      );
    });
    const hide = async (hidden: boolean): Promise<void> =>
      another.evaluate((isHidden) => {
        Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, hidden);
    const asked = async (stats: string[], interval: number): Promise<void> => {
      await until(() => chosen.at(-1) === JSON.stringify({ stats, guests: [], interval }));
    };
    await asked(['m'], 4);
    await hide(true);
    await asked([], 4);
    await hide(false);
    await asked(['m'], 4);
    await another.context().close();
  });

  test('has snapshots that are created, restored and removed', async () => {
    await startSmall();
    await show('machines/m/snapshots');
    const create = async (name: string): Promise<void> => {
      await page.getByLabel('Name of the new snapshot').fill(name);
      await page.getByRole('button', { name: 'Create snapshot' }).click();
      await done(`Snapshot ${name}:`, `vmlet snapshot create m ${name}`);
      await row(name).getByText('current').waitFor();
    };
    await create('first');
    await create('second');
    expect(await row('first').getByText('current').count()).toBe(0);
    await page.getByRole('button', { name: 'Restore first' }).click();
    await dialog()
      .getByText(/not in a snapshot are lost/)
      .waitFor();
    await confirm('Restore', 'vmlet snapshot restore m first');
    await row('first').getByText('current').waitFor();
    expect(await row('second').getByText('current').count()).toBe(0);
    expect(home.store.get('m').status().kind).toBe('running');
    await page.getByRole('button', { name: 'Remove second' }).click();
    await confirm('Remove', 'vmlet snapshot rm m second');
    await row('second').waitFor({ state: 'detached' });
    expect((await home.store.get('m').snapshots()).map(({ name }) => name)).toEqual(['first']);
    expect(await home.vmlet('snapshot', 'create', 'm', 'of-the-shell')).toMatchObject({ status: 0 });
    await row('of-the-shell').getByText('current').waitFor();
    expect(await home.vmlet('snapshot', 'rm', 'm', 'of-the-shell')).toMatchObject({ status: 0 });
    await row('of-the-shell').waitFor({ state: 'detached' });
    await page.getByLabel('without memory').check();
    await page.getByLabel('Name of the new snapshot').fill('disks');
    await page.getByRole('button', { name: 'Create snapshot' }).click();
    await row('disks').getByText('cannot be restored while the machine runs').waitFor();
    const restore = page.getByRole('button', { name: 'Restore disks' });
    expect(await restore.isDisabled()).toBe(true);
    expect(await page.getByRole('button', { name: 'Restore first' }).isEnabled()).toBe(true);
    expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
    await restore.and(page.locator(':enabled')).waitFor();
  });
});
