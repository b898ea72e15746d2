import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { until } from '../../../until.ts';
import type { Home } from '../../named/home.ts';
import { withoutChromium } from '../chromium.ts';
import { serveHome } from '../served-home.ts';
import type { UiServer } from '../ui-server.ts';

// One test leads a machine through its life.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

/** More than the page has places for the focus. */
const MOST_TABS = 120;
const PATIENCE_MS = 180_000;

/** The accessible name of the element with the focus, in short; its tag where it has none. */
const FOCUSED = `(({ ariaLabel, labels, textContent, tagName }) => {
  if (ariaLabel || tagName === 'BODY' || tagName === 'MAIN') return ariaLabel ?? tagName;
  // The text of a label alone: it contains the entries of a list, too.
  const texts = [...(labels?.[0]?.childNodes ?? [])].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
  return (texts.length > 0 ? texts.map(({ data }) => data).join('') : textContent).trim();
})(document.activeElement)`;

describe.skipIf(withoutChromium !== undefined)('the life of a machine in the page, by keyboard alone', () => {
  let home: Home;
  let ui: UiServer;
  let page: Page;

  serveHome((served) => {
    ({ home, ui } = served);
  });
  beforeEach(async () => {
    page = await ui.open();
  });
  afterEach(async () => {
    await page.close();
    await home.removeAll();
  });

  const row = (name: string): Locator => page.locator(`[data-machine="${name}"]`);
  // Each machine of the list has a heading of level 2.
  const heading = async (name: string): Promise<void> =>
    page.getByRole('heading', { name, level: 1 }).waitFor();
  const focused = async (): Promise<string> => page.evaluate<string>(FOCUSED);

  async function press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await page.keyboard.press(key);
  }

  /** Moves the focus to the element with this name, which may appear meanwhile, and requires that it is seen there. */
  async function tabTo(name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
    const passed: string[] = [];
    const deadline = Date.now() + PATIENCE_MS;
    while (passed.at(-1) !== name) {
      if (Date.now() > deadline) throw new Error(`no ${name} among ${passed.slice(-MOST_TABS).join(' | ')}`);
      await press(key);
      passed.push(await focused());
    }
    expect(await page.evaluate("document.activeElement.matches(':focus-visible')")).toBe(true);
  }

  /** Chooses an entry of the menu whose button has the focus. */
  async function choose(entry: string): Promise<void> {
    await press('Enter');
    for (let tries = 0; !(await focused()).startsWith(`${entry}vmlet `); tries++) {
      if (tries > MOST_TABS) throw new Error(`no ${entry} in the menu`);
      await press('ArrowDown');
    }
    await press('Enter');
  }

  async function retype(text: string): Promise<void> {
    await press('Control+A');
    await page.keyboard.type(text);
  }

  async function inState(state: string): Promise<void> {
    await page.locator('main .state', { hasText: state }).first().waitFor();
  }

  async function done(title: string): Promise<void> {
    await page.locator('.notice.done', { hasText: `${title} done` }).waitFor();
  }

  /** Opens the question of the button with the focus, and answers it by the button with this name. */
  async function confirm(verb: string): Promise<void> {
    await press('Enter');
    await tabTo(verb);
    await press('Enter');
  }

  async function gone(device: string): Promise<void> {
    await page.getByRole('cell', { name: device, exact: true }).waitFor({ state: 'detached' });
  }

  /** A machine that starts at once and has no agent. */
  async function createSmall(name: string, net = 'none'): Promise<void> {
    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--cpus', '1', '--net', net];
    expect(await home.vmlet('create', name, ...hardware)).toMatchObject({ status: 0 });
    await row(name).waitFor();
  }

  test('is created, started, paused, saved in a snapshot, stopped, renamed, cloned and removed', async () => {
    await tabTo('New machine');
    await press('Enter');
    await heading('New machine');
    expect(await focused()).toBe('New machine');
    await tabTo('Name');
    await page.keyboard.type('born');
    await tabTo('Image, or path of a disk');
    await page.keyboard.type('micro');
    await tabTo('Memory');
    await page.keyboard.type('much');
    await page.locator('form .problem', { hasText: 'much' }).waitFor();
    await retype('128M');
    await tabTo('Add disk');
    await press('Enter');
    expect(await focused()).toBe('Disk 1: a size, or the path of a file');
    await tabTo('Remove disk 1');
    await press('Space');
    expect(await focused()).not.toMatch(/^(BODY|MAIN)$/);
    await tabTo('Start the machine');
    await press('Space');
    await until(async () => /^vmlet create born .*128M/.test(await page.locator('form code').innerText()));
    await until(async () => !(await page.locator('form code').innerText()).includes('--start'));
    await until(async () => page.getByRole('button', { name: 'Create', exact: true }).isEnabled());
    await tabTo('Create');
    await press('Enter');
    await row('born').getByText('created', { exact: true }).waitFor();
    // The form is gone: the next key is for the page that took its place.
    expect(await focused()).toBe('MAIN');

    await tabTo('born');
    await tabTo('Start born');
    await press('Enter');
    await inState('running');
    await done('Start born:');
    expect(await focused()).toBe('Stop born');
    await tabTo('More actions for born');
    await choose('Pause');
    await inState('paused');
    await done('Pause born:');
    expect(await focused()).toBe('More actions for born');
    await tabTo('Resume born', 'Shift+Tab');
    await press('Space');
    await inState('running');
    await done('Resume born:');
    expect(await focused()).toBe('Stop born');

    await tabTo('born', 'Shift+Tab');
    await press('Enter');
    await heading('born');
    expect(await focused()).toBe('MAIN');
    await tabTo('Snapshots');
    await press('Enter');
    await page.getByText('No snapshots.').waitFor();
    expect(await focused()).toBe('Snapshots');
    await tabTo('Name of the new snapshot');
    await page.keyboard.type('before');
    await press('Enter');
    await page.getByRole('cell', { name: 'before', exact: true }).waitFor();
    expect(await focused()).toBe('Name of the new snapshot');
    await done('Snapshot before:');
    await tabTo('Restore before');
    await press('Enter');
    expect(await focused()).toBe('Cancel');
    await tabTo('Restore');
    await press('Enter');
    await done('Restore snapshot before:');
    expect(await focused()).toBe('Restore before');
    await tabTo('Remove before');
    await press('Enter');
    await tabTo('Remove');
    await press('Space');
    await page.getByText('No snapshots.').waitFor();
    expect(await focused()).toBe('MAIN');

    await tabTo('Stop born');
    await press('Enter');
    await inState('stopped');
    await done('Stop born:');
    expect(await focused()).toBe('Start born');
    await tabTo('More actions for born');
    await choose('Rename …');
    expect(await focused()).toBe('New name');
    // The old name is selected.
    await page.keyboard.type('grown');
    await press('Enter');
    await heading('grown');
    await page.locator('.title .state', { hasText: 'stopped' }).waitFor();
    expect(await focused()).toBe('MAIN');
    await tabTo('More actions for grown');
    await choose('Clone …');
    expect(await focused()).toBe('New name');
    await retype('child');
    await tabTo('Share the current contents of the disks with the original: fast, and takes almost no space');
    await press('Space');
    await page.getByRole('dialog').getByText('vmlet clone --linked grown child').waitFor();
    await tabTo('Clone');
    await press('Enter');
    await done('Clone grown:');
    expect(await focused()).toBe('More actions for grown');
    expect(home.store.names()).toEqual(['child', 'grown']);

    await tabTo('Machines', 'Shift+Tab');
    await press('Enter');
    await heading('Machines');
    const disk = (await home.store.get('child').disks())[0]?.path ?? '';
    expect(existsSync(disk)).toBe(true);
    await tabTo('More actions for child');
    await press('Enter', 'End');
    expect(await focused()).toBe('Remove …vmlet rm child');
    await press('Enter');
    await page.getByRole('dialog').getByText('These disks are kept.').waitFor();
    expect(await focused()).toBe('Cancel');
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('More actions for child');
    await press('Enter', 'End', 'Enter');
    await tabTo('Delete its disks too', 'Shift+Tab');
    await press('Space');
    await page.getByRole('dialog').getByText(disk).waitFor();
    await page.getByRole('dialog').getByText('vmlet rm --storage child').waitFor();
    // Enter in the dialog's fields does not remove: only its button does.
    await press('Enter');
    expect(home.store.names()).toEqual(['child', 'grown']);
    await tabTo('Remove machine and disks');
    await press('Enter');
    await row('child').waitFor({ state: 'detached' });
    expect(await focused()).toBe('grown');
    await until(() => !home.store.names().includes('child'));
    expect(existsSync(disk)).toBe(false);
    await tabTo('More actions for grown');
    await press('Enter', 'End', 'Enter');
    await tabTo('Remove');
    await press('Enter');
    await page.getByText('There are no machines yet.').waitFor();
    expect(await focused()).toBe('MAIN');
    expect(home.store.names()).toEqual([]);
  });

  test('has devices and networks that are added, changed and removed', async () => {
    const source = join(home.path, 'source');
    mkdirSync(source);
    await createSmall('m', 'auto');
    await tabTo('m');
    await press('Enter');
    await tabTo('Disks');
    await press('Enter');
    await tabTo('Disk to add: the size of an empty disk, or the path of a file');
    await page.keyboard.type('1G');
    await press('Enter');
    await done('Add disk 1G:');
    await tabTo('Resize disk1');
    await press('Enter');
    expect(await focused()).toBe('New size such as 30G, or increment such as +10G');
    await retype('+1G');
    await press('Enter');
    await done('Resize disk1:');
    expect(await focused()).toBe('Resize disk1');
    await tabTo('Remove disk1');
    await confirm('Remove');
    await gone('disk1');
    expect(await focused()).toBe('Disks of m');
    await tabTo('Add drive');
    await press('Space');
    await done('Add a drive:');
    expect(await focused()).toBe('Add drive');
    await tabTo('Insert a CD into cdrom0');
    await press('Enter');
    expect(await focused()).toBe('Path of an ISO image on the host');
    await page.keyboard.type(join(home.path, 'hang.img'));
    await press('Enter');
    await done('Insert into cdrom0:');
    await tabTo('Eject cdrom0');
    await press('Enter');
    await done('Eject cdrom0:');
    await page.getByRole('row', { name: 'cdrom0' }).getByText('empty', { exact: true }).waitFor();
    // The button that had the focus is disabled.
    expect(await focused()).toBe('CD drives of m');
    await tabTo('Remove cdrom1');
    await press('Enter');
    await gone('cdrom1');
    expect(await focused()).toBe('CD drives of m');
    await tabTo('Remove cdrom0');
    await press('Enter');
    await page.getByText('No drives.').waitFor();
    expect(await focused()).toBe('MAIN');

    await tabTo('Directories');
    await press('Enter');
    await page.getByText('No directories or volumes.').waitFor();
    await tabTo('Directory or volume to add, as SOURCE:PATH-IN-GUEST[:ro]');
    await page.keyboard.type(`${source}:/data:ro`);
    await press('Enter');
    await tabTo('Remove /data');
    await confirm('Remove');
    await page.getByText('No directories or volumes.').waitFor();
    expect(await focused()).toBe('MAIN');
    await tabTo('Ports');
    await press('Enter');
    await tabTo('Port to publish, as [[ADDRESS:]HOST-PORT:]GUEST-PORT[/udp]');
    await page.keyboard.type('80');
    await press('Enter');
    await tabTo('Remove port 127.0.0.1::80/tcp');
    await press('Enter');
    await done('Remove 127.0.0.1::80/tcp:');
    await page.getByRole('button', { name: 'Remove port 127.0.0.1::80/tcp' }).waitFor({ state: 'detached' });
    expect(await focused()).toBe('Ports of m');

    await tabTo('Networks', 'Shift+Tab');
    await tabTo('Networks', 'Shift+Tab');
    await press('Enter');
    await page.getByText('No private networks.').waitFor();
    await tabTo('Name of the new network');
    await page.keyboard.type('lan');
    await press('Enter');
    await done('Create lan:');
    await tabTo('Machine to connect to lan');
    await press('m');
    await tabTo('Connect');
    await press('Enter');
    await done('Connect m to lan:');
    await page.getByRole('button', { name: 'Disconnect m from lan' }).waitFor();
    // There is no other machine to connect, and no form for it.
    expect(await focused()).toBe('Members of lan');
    await tabTo('Disconnect m from lan');
    await confirm('Disconnect');
    await page.getByText('No members.').waitFor();
    expect(await focused()).toBe('MAIN');
    await tabTo('Remove lan');
    await confirm('Remove');
    await page.getByText('No private networks.').waitFor();
    expect(await focused()).toBe('MAIN');
  });

  test('begins on the serial console if it starts at once, and leaves that by a key', async () => {
    const image = join(home.path, 'typed.img');
    writeFileSync(image, bootSectors.hang);
    await tabTo('New machine');
    await press('Enter');
    for (const [label, value] of [
      ['Name', 'typed'],
      ['Image, or path of a disk', `${image},format=raw`],
      ['Memory', '64M'],
    ] as const) {
      await tabTo(label);
      await page.keyboard.type(value);
    }
    await page.locator('form code', { hasText: '64M' }).waitFor();
    await until(async () => page.getByRole('button', { name: 'Create', exact: true }).isEnabled());
    await press('Enter');
    await heading('typed');
    await page.locator('.title .state', { hasText: 'running' }).waitFor();
    await page.getByText('connected', { exact: true }).waitFor();
    expect(await focused()).toBe('Serial console of typed');
    // The guest gets all keys but one.
    await press('Tab');
    expect(await focused()).toBe('Serial console of typed');
    await press('Control+Alt+.');
    expect(await focused()).toBe('Full screen');
    // Tab would lead into the terminal again.
    await tabTo('Ports', 'Shift+Tab');
  });

  test('moves by arrows through the list and its menus, and filters by /', async () => {
    await createSmall('first');
    await createSmall('last');
    await press('/');
    await page.keyboard.type('last');
    await row('first').waitFor({ state: 'detached' });
    await press('Tab');
    expect(await focused()).toBe('last');
    await press('Shift+Tab', 'Control+A', 'Delete');
    await row('first').waitFor();
    await press('Tab', 'ArrowDown');
    expect(await focused()).toBe('last');
    await press('Tab');
    expect(await focused()).toBe('Start last');
    await press('Enter');
    await row('last').locator('.state', { hasText: 'running' }).waitFor();
    await done('Start last:');
    await press('Tab');
    expect(await focused()).toBe('More actions for last');
    await press('Enter');
    expect(await focused()).toBe('Pausevmlet pause last');
    await press('End');
    expect(await focused()).toBe('Remove …vmlet rm last');
    await press('ArrowDown');
    expect(await focused()).toBe('Pausevmlet pause last');
    await press('Escape');
    expect(await focused()).toBe('More actions for last');
  });
});
