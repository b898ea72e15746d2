import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { Publisher, sha256, webEntry } from '../../publisher.ts';
import { until } from '../../until.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const KEY = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0\x20${'k'.repeat(32)}`, 'latin1').toString('base64')} me@here`;
const GiB = 2 ** 30;
const SSH_KEY = 'Public ssh key of the user; a password needs user-data';
const USER_DATA = 'User-data of cloud-init, beside the user and key above';

describe.skipIf(withoutChromium !== undefined)('the form of a new machine', () => {
  let home: Home;
  let page: Page;
  let image: string;
  let publisher: Publisher;

  serveHome(async (served) => {
    home = served.home;
    publisher = await Publisher.start();
    served.scope.defer(async () => publisher[Symbol.asyncDispose]());
    // The test pulls and removes images: the host's own are not there.
    rmSync(join(home.path, 'data/vmlet/images'));
    mkdirSync(join(home.path, 'config/vmlet'), { recursive: true });
    const disk = join(home.path, 'disk.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '16M']);
    publisher.publish('/web/web.qcow2', readFileSync(disk));
    publisher.publish('/web/SHA256SUMS', `${sha256(readFileSync(disk))}  web.qcow2\n`, 'text/plain');
    // JSON is YAML.
    const catalogue = { images: { 'web:1': { ...webEntry(publisher), aliases: [] } } };
    writeFileSync(join(home.path, 'config/vmlet/images.yaml'), JSON.stringify(catalogue));
    const path = join(home.path, 'hang.img');
    writeFileSync(path, bootSectors.hang);
    image = `${path},format=raw`;
    page = await served.ui.open();
  });
  beforeEach(async () => {
    await page.evaluate("sessionStorage.removeItem('vmlet.create'); location.hash = '#/create'");
    await page.reload();
    await page.getByRole('heading', { name: 'New machine' }).waitFor();
  });
  afterEach(async () => home.removeAll());

  const field = (label: string): Locator => page.getByLabel(label, { exact: true });
  const press = async (name: string): Promise<void> =>
    page.getByRole('button', { name, exact: true }).click();
  const focused = async (): Promise<string> =>
    page.evaluate<string>(
      'document.activeElement.labels?.[0]?.textContent ?? document.activeElement.tagName',
    );

  async function fill(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await field(label).fill(value);
  }

  /** The error of a field, once the server has refused its value. */
  async function refused(label: string, words: RegExp): Promise<void> {
    // Another field's error may be shown before.
    const place = await field(label).getAttribute('aria-describedby');
    await page.locator(`[id="${place}"]`).getByText(words).waitFor();
    expect(await field(label).getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByRole('button', { name: 'Create', exact: true }).isDisabled()).toBe(true);
  }

  /**
   * Types a valid value in place of one that was refused. The error below the field goes when the server has checked it,
   * and what is below moves: a press at that moment hits nothing.
   */
  async function correct(label: string, value: string): Promise<void> {
    await field(label).fill(value);
    await until(async () => (await field(label).getAttribute('aria-invalid')) === 'false');
  }

  /** The command that is shown, once the server has checked it. */
  async function command(end: string): Promise<string> {
    const shown = page.locator('form code');
    return until(async () => {
      const text = await shown.innerText();
      return text.includes(end) && text;
    });
  }

  /** Creates the machine, which is not started. */
  async function create(name: string): Promise<Record<string, unknown>> {
    await field('Start the machine').uncheck();
    await until(async () => !(await page.locator('form code').innerText()).includes('--start'));
    await press('Create');
    await page.locator('.notice.done', { hasText: `Create ${name}: done` }).waitFor();
    const { stdout } = await home.vmlet('inspect', name, '--json');
    const { machines } = JSON.parse(stdout) as { machines: { spec: Record<string, unknown> }[] };
    return machines[0]?.spec ?? {};
  }

  test('takes processors, disks, directories, volumes and networks, with errors beside them', async () => {
    const data = join(home.path, 'my data');
    mkdirSync(data);
    expect(await home.vmlet('volume', 'create', 'cache', '--size', '64M')).toMatchObject({ status: 0 });
    for (const name of ['back', 'lan'])
      expect(await home.vmlet('network', 'create', name)).toMatchObject({ status: 0 });
    await page.reload();
    await fill({ Name: 'parts', 'Image, or path of a disk': image, Memory: '64M', Processors: '0' });
    await refused('Processors', /1/);
    await fill({ Processors: '3', 'Size of the first disk': '2G' });
    await refused('Size of the first disk', /does not apply to the file/);
    await correct('Size of the first disk', '');

    await press('Add disk');
    expect(await focused()).toBe('Disk 1: a size, or the path of a file');
    await press('Add disk');
    await fill({ 'Disk 2: a size, or the path of a file': 'nodisk' });
    // The row above is empty, and says nothing.
    await refused('Disk 2: a size, or the path of a file', /nodisk/);
    await correct('Disk 2: a size, or the path of a file', '1G');

    await press('Add volume');
    expect(await focused()).toBe('Directory or volume 1');
    await fill({ 'Directory or volume 1': data, 'Path 1 in the guest': 'srv' });
    await refused('Path 1 in the guest', /not an absolute path/);
    await correct('Path 1 in the guest', '/srv');
    await page.getByLabel('Read-only').check();
    await press('Add volume');
    const offered = page.locator(
      `datalist[id="${await field('Directory or volume 2').getAttribute('list')}"]`,
    );
    await offered.locator('option[value=cache]').waitFor({ state: 'attached' });
    await fill({ 'Directory or volume 2': 'cache', 'Path 2 in the guest': '/srv' });
    await refused('Path 2 in the guest', /\/srv/);
    expect(await field('Path 1 in the guest').getAttribute('aria-invalid')).toBe('false');
    await correct('Path 2 in the guest', '/var/cache');
    await press('Add volume');
    await press('Remove volume 3');
    expect(await focused()).toBe('FIELDSET');

    await press('Add network');
    const network = (number: number): Locator =>
      page.getByRole('combobox', { name: new RegExp(`^Network ${number}`) });
    await network(1).selectOption('lan');
    await fill({ 'Additional name of the machine in network 1': 'no good' });
    await refused('Additional name of the machine in network 1', /alias/);
    await correct('Additional name of the machine in network 1', 'db');
    await press('Add network');
    expect(await network(2).inputValue()).toBe('back');
    expect(await page.getByRole('button', { name: 'Add network' }).isDisabled()).toBe(true);

    const shown = await command('--network lan:alias=db --network back');
    expect(shown).toContain(`--cpus 3`);
    expect(shown).toContain(`--disk 1G`);
    expect(shown).toContain(`--volume '${data}:/srv:ro' --volume cache:/var/cache`);
    const spec = await create('parts');
    expect(spec).toMatchObject({
      cpus: 3,
      disks: [{ name: 'disk0' }, { name: 'disk1' }],
      shares: [{ source: data, target: '/srv', readOnly: true }],
      volumes: [{ name: 'cache', target: '/var/cache', readOnly: false }],
      networks: [{ network: 'lan', alias: 'db' }, { network: 'back' }],
    });
    const disks = await home.store.get('parts').disks();
    expect(disks.map(({ virtualBytes }) => virtualBytes)[1]).toBe(GiB);
    // Everything that was created is no longer in the form.
    await page.evaluate("location.hash = '#/create'");
    await page.getByText('Enter a name.').waitFor();
    expect(await page.getByRole('button', { name: /^Remove/ }).count()).toBe(0);
  });

  test('shows no error of a missing image beside the one that was typed since', async () => {
    const path = '/v1/machines/check';
    const answered = page.waitForResponse(
      (response) => response.url().endsWith(path) && /"typed"/.test(response.request().postData() ?? ''),
    );
    await fill({ Name: 'typed' });
    await page.getByText('Enter an image or an installer ISO.').waitFor();
    expect((await answered).status()).toBe(400);
    await page.route(`**${path}`, () => undefined);
    try {
      await fill({ 'Image, or path of a disk': image });
      await page.getByText('Enter an image or an installer ISO.').waitFor({ state: 'detached' });
      expect(await page.locator('form .problem p').allInnerTexts()).toEqual([]);
      expect(await page.locator('form .check').innerText()).toBe('');
    } finally {
      await page.unroute(`**${path}`);
    }
  });

  test('takes an install medium, whose first disk is the one to install on', async () => {
    const iso = join(home.path, 'install.iso');
    writeFileSync(iso, Buffer.alloc(64 * 1024));
    const medium = 'Path of an installer ISO, instead of an image';
    await fill({ Name: 'installed', [medium]: join(home.path, 'missing.iso'), Memory: '64M' });
    await press('Add disk');
    await fill({ 'Disk 1: a size, or the path of a file': '3G', 'Size of the first disk': 'large' });
    await refused('Size of the first disk', /large/);
    await fill({ 'Size of the first disk': '5G', 'Disk 1: a size, or the path of a file': 'nodisk' });
    await refused('Disk 1: a size, or the path of a file', /nodisk/);
    await fill({ 'Disk 1: a size, or the path of a file': '3G' });
    await command('--disk 5G --disk 3G');
    await field('Start the machine').uncheck();
    await press('Create');
    // The file is looked for when the machine is created.
    const notice = page.locator('.notice.failed', { hasText: 'Create installed' });
    await notice
      .getByText(/missing\.iso/)
      .first()
      .waitFor();
    expect(home.store.names()).toEqual([]);
    // The form is as it was.
    await page.evaluate("location.hash = '#/create'");
    await fill({ [medium]: iso });
    await command(`--iso ${iso}`);
    const spec = await create('installed');
    expect(spec).toMatchObject({ cdroms: [{ name: 'cdrom0', path: iso }], boot: { kind: 'firmware' } });
    const disks = await home.store.get('installed').disks();
    expect(disks.map(({ virtualBytes }) => virtualBytes)).toEqual([5 * GiB, 3 * GiB]);
  });

  test('takes a user, a key and user-data, typed or from a file', async () => {
    const user = 'User to create in the guest, who may use sudo (only for images with cloud-init)';
    await fill({ Name: 'seeded', 'Image, or path of a disk': image, Memory: '64M', [user]: 'No One' });
    await refused(user, /user name/);
    await fill({ [user]: 'ada', [SSH_KEY]: 'mine' });
    await refused(SSH_KEY, /mine/);
    await fill({ [SSH_KEY]: KEY, [USER_DATA]: 'packages: [nginx]' });
    await refused(USER_DATA, /not a known kind of user-data/);
    const file = join(home.path, 'user-data');
    writeFileSync(file, '#cloud-config\nlocale: de_DE.UTF-8\n');
    await field('User-data from a file of this computer').setInputFiles(file);
    // The page reads the file meanwhile; the command is the same for the text that was typed.
    await until(async () => (await field(USER_DATA).inputValue()) === '#cloud-config\nlocale: de_DE.UTF-8\n');
    const shown = await command('--user-data FILE');
    expect(shown).toContain(`--username ada --ssh-key '${KEY}'`);
    // Secrets are not kept.
    const kept = await page.evaluate<string>("sessionStorage.getItem('vmlet.create')");
    expect(JSON.parse(kept)).toMatchObject({ user: 'ada', sshKey: '', userData: '' });
    expect(await create('seeded')).toMatchObject({ hasSeed: true, sshUser: 'ada' });
    const seed = readFileSync(home.store.get('seeded').files.seed).toString('latin1');
    expect(seed).toContain('de_DE.UTF-8');
    expect(seed).toContain(KEY.split(' ')[1]);
  });

  test('offers micro before it is built, with its own defaults', async () => {
    await page.getByText(/^Choose an image/).click();
    expect(await field('Memory').getAttribute('placeholder')).toBe('2G');
    await press('micro');
    expect(await field('Image, or path of a disk').inputValue()).toBe('micro');
    expect(await page.getByRole('button', { name: 'Show download size' }).count()).toBe(0);
    await fill({ Name: 'small' });
    expect(await command('small')).toMatch(/^vmlet create small --image micro/);
    const shown = ['Memory', 'Processors', 'Size of the first disk'].map(async (label) =>
      field(label).getAttribute('placeholder'),
    );
    expect(await Promise.all(shown)).toEqual(['256M', '1', '10G']);
  });

  test('offers images with how they are verified, and their sizes', async () => {
    const offered = page.getByRole('region', { name: 'Images to choose from' });
    const row = offered.getByRole('row').filter({ has: page.getByRole('button', { name: 'web:1' }) });
    await page.getByText(/^Choose an image/).click();
    await row.getByRole('cell', { name: 'digest', exact: true }).waitFor();
    const all = await offered.getByRole('button').count();
    const asked: string[] = [];
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/v1/catalogue/')) asked.push(pathname);
    });
    await fill({ 'Image, or path of a disk': 'WEB:' });
    await until(async () => (await offered.getByRole('button').count()) < all);
    await row.getByRole('button').focus();
    await page.keyboard.press('Enter');
    expect(await field('Image, or path of a disk').inputValue()).toBe('web:1');
    expect(await focused()).toBe('SUMMARY');
    await page.getByText(/; verified: digest$/).waitFor();
    await press('Show download size');
    const { host } = new URL(publisher.url);
    const size = page.getByRole('status').filter({ hasText: host });
    await size.getByText(`192 KiB from ${host}`, { exact: true }).waitFor();
    // Only its publisher knows the size, who is asked at no other time.
    expect(asked).toEqual(['/v1/catalogue/web%3A1']);
    publisher.withdraw('/web/web.qcow2');
    await press('Show download size');
    await page.getByText(/^size unknown: http:.*web\.qcow2: the server answered 404/).waitFor();
    publisher.publish('/web/web.qcow2', readFileSync(join(home.path, 'disk.qcow2')));
    await fill({ 'Image, or path of a disk': 'web:' });
    expect(await page.getByRole('button', { name: 'Show download size' }).count()).toBe(0);
    await fill({ 'Image, or path of a disk': 'web:1' });

    expect(await home.vmlet('pull', 'web:1')).toMatchObject({ status: 0 });
    await page.reload();
    await page.getByText(/; verified: digest; on this host: .*, a disk of 16 MiB$/).waitFor();
    await fill({ Name: 'chosen', Memory: '64M', 'Size of the first disk': 'large' });
    await refused('Size of the first disk', /large/);
    await fill({ 'Size of the first disk': '2G' });
    expect(await command('--disk-size 2G')).toMatch(/^vmlet create chosen .*--image web:1/);
    await create('chosen');
    const disks = await home.store.get('chosen').disks();
    expect(disks.map(({ virtualBytes }) => virtualBytes)).toEqual([2 * GiB]);
    const digest = (await home.vmlet('image', 'ls', '-q', 'web:1')).stdout.trim();
    expect(digest).toMatch(/^[0-9a-f]{12}$/);
    expect(home.store.get('chosen').spec.disks[0]?.backing?.path).toContain(digest);
  });
});
