import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { cpioArchive } from '../../../src/images/formats/cpio.ts';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { describeStatus } from '../../../src/machines/index.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeSmallHome } from '../../hardening/disk/small-home.ts';
import { canMount } from '../../integration/machine/small-file-system.ts';
import { type Home, makeHome } from '../named/home.ts';
import { openChromium, withoutChromium } from './chromium.ts';
import { UiServer } from './ui-server.ts';

const ROOM_BYTES = 32 * 2 ** 20;

describe.skipIf(withoutChromium !== undefined)('the page says what a machine waits for', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(async () => browser.close());

  async function withPage(home: Home, use: (page: Page) => Promise<void>): Promise<void> {
    const ui = new UiServer(home, browser);
    try {
      await use(await ui.open());
      expect(ui.problems).toEqual([]);
    } finally {
      await ui.close();
    }
  }

  /** Waits for the reason in the list and on the machine's page. */
  async function says(page: Page, name: string, reason: string): Promise<void> {
    await page.evaluate("location.hash = '#/machines'");
    await page.locator(`[data-machine="${name}"] .why`).getByText(reason, { exact: true }).waitFor();
    await page.evaluate(`location.hash = '#/machines/${name}'`);
    await page.locator('.title').getByText(reason, { exact: true }).waitFor();
  }

  test('an installer that waits, runs, was ended, and has finished', async () => {
    const home = await makeHome();
    try {
      const micro = await ensureMicro({ store: ownLocations().images, agentPath: agentProgram() });
      const disk = join(home.path, 'disk.img');
      writeFileSync(disk, bootSectors.hang);
      const create = async (name: string, command: string): Promise<void> => {
        const medium = join(home.path, name);
        mkdirSync(medium);
        copyFileSync(micro.kernelPath, join(medium, 'linux'));
        const data = Buffer.from(`#!/bin/sh\n${command}\n`);
        const init = cpioArchive([{ type: 'file', path: 'installer', mode: 0o755, data }]);
        // The kernel unpacks concatenated archives.
        writeFileSync(join(medium, 'initrd.gz'), Buffer.concat([readFileSync(micro.initrdPath), init]));
        const boot = ['--location', medium, '--append', 'console=ttyS0 quiet rdinit=/installer'];
        const hardware = ['--disk', `${disk},format=raw`, '-m', '256M', '--net', 'none'];
        expect(await home.vmlet('create', name, ...boot, ...hardware)).toMatchObject({ status: 0 });
      };
      await create('slow', 'sleep 9999');
      await create('quick', 'reboot -f');
      await withPage(home, async (page) => {
        await says(page, 'slow', 'never started; the next start boots the installer');
        expect(await home.vmlet('start', 'slow', 'quick')).toMatchObject({ status: 0 });
        await says(page, 'slow', 'the installer is running');
        expect(await home.vmlet('kill', 'slow')).toMatchObject({ status: 0 });
        const killed = describeStatus(home.store.get('slow').status());
        await says(page, 'slow', `${killed}; the next start boots the installer`);
        await says(
          page,
          'quick',
          'the guest rebooted; installation finished: the next start boots from the disk',
        );
        const start = await home.vmlet('start', 'quick');
        expect(start.stderr).toContain('installation finished');
        await page.locator('.title .state', { hasText: 'running' }).waitFor();
        expect(await page.locator('.title').innerText()).not.toMatch(/install/);
      });
    } finally {
      await home.close();
    }
  });

  test('a next start, for changed settings', async () => {
    const home = await makeHome();
    try {
      const disk = join(home.path, 'disk.img');
      writeFileSync(disk, bootSectors.hang);
      const hardware = ['--image', `${disk},format=raw`, '-m', '64M', '--cpus', '1', '--net', 'none'];
      expect(await home.vmlet('create', 'm', ...hardware, '--start')).toMatchObject({ status: 0 });
      await withPage(home, async (page) => {
        const why = page.locator('[data-machine="m"] .why');
        await page.locator('[data-machine="m"] .state', { hasText: 'running' }).waitFor();
        expect(await why.innerText()).toBe('');
        expect(await home.vmlet('set', 'm', '-m', '96M', '--cpus', '2')).toMatchObject({ status: 0 });
        await says(page, 'm', 'changed for the next start: memory, cpus');
        await page.getByRole('definition').getByText('changed for the next start: memory, cpus').waitFor();
        const pending = ['memory', 'cpus'];
        expect(home.store.look('m')).toMatchObject({ pendingChanges: pending });
        const inspected = await home.vmlet('inspect', 'm');
        expect(JSON.parse(inspected.stdout)).toMatchObject({ machines: [{ pendingChanges: pending }] });
        expect((await home.vmlet('ls')).stdout).toContain('changed for the next start: memory, cpus');
        expect(await home.vmlet('kill', 'm')).toMatchObject({ status: 0 });
        expect(await home.vmlet('start', 'm')).toMatchObject({ status: 0 });
        await page.locator('.title .state', { hasText: 'running' }).waitFor();
        await page
          .locator('.title')
          .getByText(/next start/)
          .waitFor({ state: 'detached' });
        expect(home.store.look('m')).toMatchObject({ pendingChanges: [] });
      });
    } finally {
      await home.close();
    }
  });

  test.skipIf(!canMount)('space for the writes of its guest', async () => {
    await using scope = new Scope();
    const home = await makeSmallHome(ROOM_BYTES, scope);
    home.giveRoom(ROOM_BYTES);
    const machine = await home.store.create({ name: 'm', image: 'micro', memory: '128M', net: 'none' });
    await machine.start();
    await machine.waitFor({ agent: true });
    await withPage(home, async (page) => {
      home.takeRoom();
      const writer = home.start(['exec', 'm', 'dd', 'if=/dev/zero', 'of=/data/file', 'bs=1M', 'conv=fsync']);
      try {
        const disk = machine.spec.disks[0]?.name ?? '';
        const reason = `no space left on the host for ${disk}; free some space, then resume the machine`;
        await says(page, 'm', reason);
        await page.locator('.title .state').getByText('io-error', { exact: true }).waitFor();
        await page.getByRole('button', { name: 'Resume m' }).waitFor();
      } finally {
        writer.process.kill('SIGKILL');
        await writer.finished;
      }
    });
  });
});
