import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page, WebSocketRoute } from 'playwright-core';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(withoutChromium !== undefined)('devices, networks and files in the page', () => {
  let home: Home;
  let page: Page;

  serveHome(async (served) => {
    home = served.home;
    page = await served.ui.open();
  });
  afterEach(async () => home.removeAll());

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
      if (name === 'two') await network.getByLabel('Additional name of the machine in lan').fill('db');
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
    expect(await dialog().getByRole('button', { name: 'Partition', exact: true }).isDisabled()).toBe(true);
    await dialog().getByLabel('Group of one').selectOption('group A');
    await dialog().getByLabel('Group of two').selectOption('group B');
    await dialog().getByText('vmlet network partition lan one two').waitFor();
    await dialog().getByRole('button', { name: 'Partition', exact: true }).click();
    await network.getByText('Separated: one | two').waitFor();
    expect(await reaches('one').innerText()).toBe('three');
    expect(await reaches('two').innerText()).toBe('three');
    expect(await reaches('three').innerText()).toBe('all');

    await show('machines/two/networks');
    await row('lan').getByText('three', { exact: true }).waitFor();
    await press('Disconnect two from lan');
    await dialog().getByText('vmlet network disconnect lan two').waitFor();
    await dialog().getByRole('button', { name: 'Disconnect', exact: true }).click();
    await page.getByText('This machine is not in a private network.').waitFor();
    expect(home.store.get('two').spec.networks ?? []).toEqual([]);
    expect(await home.vmlet('network', 'connect', 'lan', 'two')).toMatchObject({ status: 0 });
    await row('lan').waitFor();
    expect(await home.vmlet('network', 'disconnect', 'lan', 'two')).toMatchObject({ status: 0 });
    await page.getByText('This machine is not in a private network.').waitFor();

    await show('networks');
    // A member that leaves leaves its group, too.
    expect(await reaches('one').innerText()).toBe('all');
    expect(await page.getByRole('button', { name: 'Heal lan', exact: true }).count()).toBe(0);
    await press('Partition lan');
    await dialog().getByLabel('Group of one').selectOption('group A');
    await dialog().getByLabel('Group of three').selectOption('group B');
    await dialog().getByRole('button', { name: 'Partition', exact: true }).click();
    await network.getByText('Separated: one | three').waitFor();
    // A shell changes what an open page shows.
    expect(await home.vmlet('network', 'heal', 'lan')).toMatchObject({ status: 0 });
    await network.getByText('Separated: one | three').waitFor({ state: 'detached' });
    expect(await home.vmlet('network', 'partition', 'lan', 'one', 'three')).toMatchObject({ status: 0 });
    await network.getByText('Separated: one | three').waitFor();
    expect(await home.vmlet('network', 'create', 'other')).toMatchObject({ status: 0 });
    await page.getByRole('region', { name: 'Network other' }).waitFor();
    expect(await home.vmlet('network', 'rm', 'other')).toMatchObject({ status: 0 });
    await page.getByRole('region', { name: 'Network other' }).waitFor({ state: 'detached' });
    await press('Heal lan');
    await dialog().getByRole('button', { name: 'Heal', exact: true }).click();
    await done('Heal lan:', 'vmlet network heal lan');
    await press('Remove lan');
    await dialog().getByText('The network still has members: one, three. Disconnect them first.').waitFor();
    expect(await dialog().getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');
    await home.removeAll();
    await network.getByText('No members.').waitFor();
    await press('Remove lan');
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No private networks.').waitFor();
    expect((await home.vmlet('network', 'ls', '-q')).stdout).toBe('');
  });

  test('disks, CDs and directories are added, changed and removed', async () => {
    await createSmall('m');
    const iso = join(home.path, 'tools.iso');
    writeFileSync(iso, Buffer.alloc(64 * 1024, 'iso'));
    await show('machines/m/disks');
    await row('disk0').waitFor();
    await page.getByLabel('Disk to add: the size of an empty disk, or the path of a file').fill('1G');
    await page.keyboard.press('Enter');
    await done('Add disk 1G:', 'vmlet disk add m 1G');
    await row('disk1').getByText('1 GiB', { exact: true }).waitFor();
    await press('Resize disk1');
    await dialog().getByRole('textbox').fill('512M');
    await dialog().getByRole('button', { name: 'Resize', exact: true }).click();
    await dialog().getByRole('alert').waitFor();
    await dialog().getByLabel('Allow a smaller size').check();
    await dialog().getByRole('alert').waitFor({ state: 'detached' });
    await dialog().getByLabel('Allow a smaller size').uncheck();
    await dialog().getByRole('textbox').fill('+1G');
    await dialog().getByText('vmlet disk resize m disk1 +1G').waitFor();
    await dialog().getByRole('button', { name: 'Resize', exact: true }).click();
    await row('disk1').getByText('2 GiB', { exact: true }).waitFor();
    await press('Remove disk1');
    await dialog().getByLabel('Delete the file of the disk too').check();
    // Another disk gets the name, and even the path, before the answer.
    expect(await home.vmlet('disk', 'rm', '--storage', 'm', 'disk1')).toMatchObject({ status: 0 });
    expect(await home.vmlet('disk', 'add', 'm', '3G')).toMatchObject({ status: 0, stdout: 'disk1\n' });
    await dialog().getByRole('button', { name: 'Remove disk and file' }).click();
    await page
      .locator('.notice.failed')
      .getByText('disk "disk1" of machine "m" was not changed: another disk has the same name now')
      .waitFor();
    await row('disk1').getByText('3 GiB', { exact: true }).waitFor();
    await press('Remove disk1');
    await dialog().getByLabel('Delete the file of the disk too').check();
    await dialog().getByText('vmlet disk rm --storage m disk1').waitFor();
    await dialog().getByRole('button', { name: 'Remove disk and file' }).click();
    await row('disk1').waitFor({ state: 'detached' });
    const fromShell = async (...words: string[]): Promise<void> =>
      expect(await home.vmlet(...words)).toMatchObject({ status: 0 });
    await fromShell('disk', 'add', 'm', '4G');
    await row('disk1').getByText('4 GiB', { exact: true }).waitFor();
    await fromShell('disk', 'resize', 'm', 'disk1', '+1G');
    await row('disk1').getByText('5 GiB', { exact: true }).waitFor();
    await fromShell('disk', 'rm', '--storage', 'm', 'disk1');
    await row('disk1').waitFor({ state: 'detached' });
    await fromShell('cd', 'insert', 'm', iso);
    await row('cdrom0').getByText(iso).waitFor();
    await fromShell('cd', 'eject', 'm');
    await row('cdrom0').getByText('empty').waitFor();

    await press('Add drive');
    await row('cdrom1').getByText('empty').waitFor();
    await press('Remove cdrom1');
    await row('cdrom1').waitFor({ state: 'detached' });
    await press('Insert a CD into cdrom0');
    await dialog().getByRole('textbox').fill(join(home.path, 'missing.iso'));
    await dialog().getByRole('button', { name: 'Insert', exact: true }).click();
    await dialog()
      .getByRole('alert')
      .getByText(/missing\.iso/)
      .first()
      .waitFor();
    expect(await dialog().getByRole('textbox').inputValue()).toBe(join(home.path, 'missing.iso'));
    await dialog().getByRole('textbox').fill(iso);
    await dialog().getByRole('button', { name: 'Insert', exact: true }).click();
    await row('cdrom0').getByText(iso).waitFor();
    expect(home.store.get('m').spec.cdroms).toEqual([{ name: 'cdrom0', path: iso }]);
    await press('Eject cdrom0');
    await done('Eject cdrom0:', 'vmlet cd eject m cdrom0');
    await row('cdrom0').getByText('empty').waitFor();

    const source = join(home.path, 'source');
    mkdirSync(source);
    await show('machines/m/shares');
    await page.getByLabel(/^Directory or volume/).fill(`${source}:/data:ro`);
    await page.keyboard.press('Enter');
    await row('/data').getByText('read-only').waitFor();
    await press('Remove /data');
    await dialog().getByText('vmlet share rm m /data').waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No directories or volumes.').waitFor();
    await fromShell('share', 'add', 'm', `${source}:/of-the-shell`);
    await row('/of-the-shell').waitFor();
  });

  test('a removed port gives its focus to the list, and a stopped machine shows ports without links', async () => {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = [
      '--image',
      `${image},format=raw`,
      '-m',
      '64M',
      '--cpus',
      '1',
      '-p',
      '8080',
      '-p',
      '8081',
    ];
    expect(await home.vmlet('create', 'm', ...hardware)).toMatchObject({ status: 0 });
    await show('machines/m/overview');
    await page.getByText('port chosen at start → 8080', { exact: true }).waitFor();
    await show('machines/m/ports');
    await page.getByRole('listitem').filter({ hasText: 'port chosen at start → 8080' }).waitFor();
    expect(await page.getByRole('main').getByRole('link', { name: '8080' }).count()).toBe(0);
    const remove = page.getByRole('button', { name: /^Remove port .*8080/ });
    await remove.click();
    await remove.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Ports of m');
  });

  test('files of a guest are listed, downloaded and uploaded', async () => {
    expect(await home.vmlet('create', 'm', '--image', 'micro', '--start')).toMatchObject({ status: 0 });
    // A guest is not trusted: its names are text.
    const hostile = '<img src=x onerror=alert(1)>';
    const make = `mkdir -p '/tmp/d/${hostile}' && echo downloaded > '/tmp/d/a b'`;
    expect(await home.vmlet('exec', 'm', '--', 'sh', '-c', make)).toMatchObject({ status: 0 });
    await show('machines/m/files');
    await page.getByLabel('Directory in the guest').fill('/tmp/d/');
    await page.keyboard.press('Enter');
    await row('a b').waitFor();
    await row(hostile)
      .getByRole('button', { name: `Open ${hostile}` })
      .waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), press('Download a b')]);
    expect(download.suggestedFilename()).toBe('a b');
    expect(readFileSync(await download.path(), 'utf8')).toBe('downloaded\n');

    const upload = join(home.path, 'Grüße.txt');
    writeFileSync(upload, 'uploaded');
    await press(`Open ${hostile}`);
    await page.getByText('The directory is empty.').waitFor();
    const focused = async (): Promise<unknown> =>
      page.evaluate('document.activeElement.getAttribute("aria-label")');
    expect(await focused()).toBe(`Directory /tmp/d/${hostile}`);
    await page.goBack();
    await row('a b').waitFor();
    await page.goForward();
    await page.getByText('The directory is empty.').waitFor();
    await page.getByLabel(/^Upload to/).setInputFiles(upload);
    await row('Grüße.txt').waitFor();
    const read = ['exec', 'm', '--', 'cat', `/tmp/d/${hostile}/Grüße.txt`];
    expect((await home.vmlet(...read)).stdout).toBe('uploaded');
    // A file of the guest is replaced only after a question.
    writeFileSync(upload, 'again');
    await page.getByLabel(/^Upload to/).setInputFiles(upload);
    await dialog().getByText('are overwritten: Grüße.txt.').waitFor();
    expect((await home.vmlet(...read)).stdout).toBe('uploaded');
    await dialog().getByRole('button', { name: 'Replace', exact: true }).click();
    await until(async () => (await home.vmlet(...read)).stdout === 'again');
    await page.getByText(`/tmp/d/${hostile}/Grüße.txt: uploaded`).waitFor();
    await press('Parent directory');
    await row('a b').waitFor();
    expect(await page.getByText(/: uploaded/).count()).toBe(0);
    expect(await home.vmlet('exec', 'm', '--', 'rm', '/tmp/d/a b')).toMatchObject({ status: 0 });
    await press('Download a b');
    await row('a b').getByRole('alert').waitFor();
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    await page.getByText('Machine m is paused. Resume it to see its files.').waitFor();
    expect(await home.vmlet('resume', 'm')).toMatchObject({ status: 0 });
    await row(hostile).waitFor();
    await page.getByLabel('Directory in the guest').fill('/nowhere');
    await page.keyboard.press('Enter');
    await page
      .getByRole('alert')
      .getByText(/no such directory/)
      .waitFor();
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
    const resumed = page.getByRole('cell', { name: 'resumed', exact: true });
    await resumed.first().waitFor();
    const count = await resumed.count();
    await connections[0]?.close();
    expect(await home.vmlet('pause', 'm')).toMatchObject({ status: 0 });
    await page.getByRole('cell', { name: 'paused', exact: true }).waitFor();
    expect(connections.length).toBeGreaterThan(1);
    expect(await resumed.count()).toBe(count);
  });
});
