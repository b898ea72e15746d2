import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(withoutChromium !== undefined)('volumes in the page', () => {
  let home: Home;
  let page: Page;

  serveHome(async (served) => {
    home = served.home;
    page = await served.ui.open();
  });

  const row = (name: string): Locator =>
    page.getByRole('row').filter({ has: page.getByRole('cell', { name, exact: true }) });
  const dialog = (): Locator => page.getByRole('dialog');
  const notice = (state: string, title: string): Locator =>
    page.locator(`.notice.${state}`, { hasText: title }).last();

  async function create(name: string, size: string): Promise<void> {
    await page.getByLabel('Name of the new volume').fill(name);
    await page.getByLabel('Size, such as 20G').fill(size);
    await page.keyboard.press('Enter');
    await notice('done', `Create volume ${name}:`)
      .getByText(`vmlet volume create --size ${size} ${name}`, { exact: true })
      .waitFor();
  }

  const names = async (): Promise<string[]> =>
    (await home.vmlet('volume', 'ls', '-q')).stdout.split('\n').filter(Boolean);

  test('are created, list their users, and are removed when they have none', async () => {
    await page.getByRole('link', { name: 'Volumes', exact: true }).click();
    await page.getByText('No volumes.').waitFor();
    await create('data', '64M');
    await row('data').getByText('64 MiB', { exact: true }).waitFor();

    const image = join(home.path, 'hang.img');
    writeFileSync(image, bootSectors.hang);
    const hardware = ['--image', `${image},format=raw`, '-m', '64M', '--net', 'none', '-v', 'data:/srv'];
    expect(await home.vmlet('create', 'm', ...hardware)).toMatchObject({ status: 0 });
    await row('data').getByText('m (/srv)').waitFor();
    await page.getByRole('button', { name: 'Remove data' }).click();
    await dialog().getByText('The volume cannot be removed while it is in use by m (/srv).').waitFor();
    expect(await dialog().getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');

    await home.vmlet('rm', '--storage', 'm');
    await row('data').getByText('m (/srv)').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Remove data' }).click();
    await dialog()
      .getByText(/^The volume and its contents are permanently deleted \(\d/)
      .waitFor();
    // Another volume gets the name before the answer.
    expect(await home.vmlet('volume', 'rm', 'data')).toMatchObject({ status: 0 });
    expect(await home.vmlet('volume', 'create', 'data', '--size', '32M')).toMatchObject({ status: 0 });
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await notice('failed', 'Remove volume data')
      .getByText('volume "data" was not removed: another volume has the same name now')
      .waitFor();
    expect(await names()).toEqual(['data']);
    await row('data').getByText('32 MiB', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Remove data' }).click();
    await dialog().getByText('vmlet volume rm data', { exact: true }).waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No volumes.').waitFor();
    expect(await names()).toEqual([]);
  });

  test('those of other commands are listed when the user returns to the window', async () => {
    await page.evaluate("location.hash = '#/volumes'");
    await page.getByText('No volumes.').waitFor();
    expect(await home.vmlet('volume', 'create', 'shell', '--size', '32M')).toMatchObject({ status: 0 });
    // A headless browser keeps the focus, whatever window is in front.
    const comeBack = async (): Promise<unknown> => page.evaluate("dispatchEvent(new Event('focus'))");
    await comeBack();
    await row('shell').waitFor();
    expect(await home.vmlet('volume', 'rm', 'shell')).toMatchObject({ status: 0 });
    await comeBack();
    await page.getByText('No volumes.').waitFor();
  });

  test('a prune removes only those that its preview named', async () => {
    await page.evaluate("location.hash = '#/volumes'");
    await create('one', '32M');
    await create('two', '32M');
    await page.getByRole('button', { name: 'Prune …' }).click();
    await dialog()
      .getByText(/^To be deleted: 2 volumes, \d/)
      .waitFor();
    await dialog()
      .getByText(/^two \(/)
      .waitFor();
    expect(await home.vmlet('volume', 'create', 'later', '--size', '32M')).toMatchObject({ status: 0 });
    expect(await home.vmlet('volume', 'rm', 'two')).toMatchObject({ status: 0 });
    expect(await home.vmlet('volume', 'create', 'two', '--size', '32M')).toMatchObject({ status: 0 });
    await dialog().getByText('vmlet volume prune', { exact: true }).waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await notice('done', 'Prune:')
      .getByText(/^1 volume, \d/)
      .waitFor();
    expect(await names()).toEqual(['later', 'two']);
  });
});
