import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, test, vi } from 'vitest';
import { Publisher, sha256, webEntry } from '../../publisher.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const FILE = '/web/web.qcow2';

describe.skipIf(withoutChromium !== undefined)('images, templates and the host in the page', () => {
  let home: Home;
  let page: Page;
  let publisher: Publisher;
  let release: () => void = () => undefined;

  serveHome(async (served) => {
    home = served.home;
    publisher = await Publisher.start();
    served.scope.defer(async () => {
      release();
      await publisher[Symbol.asyncDispose]();
    });
    const data = join(home.path, 'data/vmlet');
    // The test removes images: the host's own are not there.
    rmSync(join(data, 'images'));
    mkdirSync(join(home.path, 'config/vmlet'), { recursive: true });
    // JSON is YAML.
    const catalogue = JSON.stringify({ images: { 'web:1': { ...webEntry(publisher), aliases: [] } } });
    writeFileSync(join(home.path, 'config/vmlet/images.yaml'), catalogue);
    const disk = join(home.path, 'disk.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '16M']);
    publisher.publish(FILE, readFileSync(disk));
    publisher.publish('/web/SHA256SUMS', `${sha256(readFileSync(disk))}  web.qcow2\n`, 'text/plain');
    const template = join(data, 'templates/.00000000-1-1-abcdef');
    mkdirSync(template, { recursive: true });
    writeFileSync(join(template, 'template.json'), 'nothing');
    symlinkSync(template, join(data, 'templates/old'));
    page = await served.ui.open();
  });

  const row = (name: string): Locator => page.getByRole('row').filter({ hasText: name });
  const dialog = (): Locator => page.getByRole('dialog');

  async function done(title: string, command: string): Promise<Locator> {
    const notice = page.locator('.notice.done', { hasText: `${title} done` });
    await notice.getByText(command, { exact: true }).first().waitFor();
    return notice;
  }

  test('an image is pulled with progress, used, and removed when nobody uses it any more', async () => {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    publisher.beforeAnswer = async (path) => (path === FILE ? held : undefined);
    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await page.getByText('No images.').waitFor();
    await page.getByLabel('Image to pull').fill('web:1');
    await page.keyboard.press('Enter');
    const notice = page.locator('.notice.running', { hasText: 'Pull web:1' });
    await notice.getByText(/^web:1: (looking for the image|downloading)/).waitFor();
    await notice.getByRole('button', { name: 'Cancel Pull web:1:' }).waitFor();
    release();
    await done('Pull web:1:', 'vmlet pull web:1');
    await row('web:1').getByText('digest', { exact: true }).waitFor();
    await row('web:1').getByText('16 MiB', { exact: true }).waitFor();

    expect(await home.vmlet('create', 'm', '--image', 'web:1')).toMatchObject({ status: 0 });
    // The page learns of it by the events.
    await row('web:1').getByText('machine "m"').waitFor();
    await row('web:1').getByRole('button', { name: 'Remove web:1' }).click();
    await dialog().getByText('The image cannot be removed while it is in use by machine "m".').waitFor();
    expect(await dialog().getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await page.keyboard.press('Escape');

    await home.vmlet('rm', '--storage', 'm');
    await row('web:1').getByText('machine "m"').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Prune …' }).click();
    await dialog().getByText('There is nothing to remove.').waitFor();
    expect(await dialog().getByRole('button', { name: 'Remove', exact: true }).isDisabled()).toBe(true);
    await dialog().getByLabel('Also remove unused images that have names').check();
    await dialog()
      .getByText(/^To be deleted: 1 image, \d/)
      .waitFor();
    await dialog()
      .getByText(/^web:1 \(/)
      .waitFor();
    await dialog().getByText('vmlet image prune --all').waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    const pruned = await done('Prune:', 'vmlet image prune --all');
    await pruned.getByText(/^1 image, \d/).waitFor();
    await page.getByText('No images.').waitFor();
    expect((await home.vmlet('image', 'ls', '-q')).stdout).toBe('');
  });

  test('a template that is damaged says why, and is removed', async () => {
    await page.evaluate("location.hash = '#/images'");
    await row('old').getByText('damaged').waitFor();
    await row('old').getByRole('button', { name: 'Remove template old' }).click();
    await dialog().getByText('vmlet template rm old').waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByText('No templates.').waitFor();
    expect((await home.vmlet('template', 'ls', '-q')).stdout).toBe('');
  });

  test('the host shows the findings of doctor with their remedies, and what a prune frees', async () => {
    await page.evaluate("location.hash = '#/host'");
    const { findings } = JSON.parse((await home.vmlet('doctor', '--json')).stdout) as {
      findings: readonly { item: string; summary: string; remedy?: string }[];
    };
    await page.getByText(/^Guests can(not)? run on this host/).waitFor();
    const text = await page.getByRole('region', { name: 'Findings' }).innerText();
    for (const { item, remedy } of findings) {
      expect(text).toContain(item);
      if (remedy !== undefined) expect(text).toContain(remedy);
    }
    // A leftover of a process of an earlier boot.
    const leftover = join(home.path, 'cache/vmlet/scratch/00000000-1-1-abcdef');
    mkdirSync(leftover, { recursive: true, mode: 0o700 });
    writeFileSync(join(leftover, 'disk.qcow2'), Buffer.alloc(2 ** 20, 1));
    await page.getByRole('button', { name: 'Prune …' }).click();
    await dialog().getByText('00000000-1-1-abcdef (1 MiB)').waitFor();
    await dialog().getByText('vmlet system prune', { exact: true }).waitFor();
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click();
    const pruned = await done('Prune:', 'vmlet system prune');
    await pruned.getByText('1 leftover and 0 images, 1 MiB').waitFor();
    expect(existsSync(leftover)).toBe(false);
  });
});
