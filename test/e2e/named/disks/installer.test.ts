import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { makeMiniIso, missingForMiniIso } from '../../../../fixtures/images/mini-iso.ts';
import { cpioArchive } from '../../../../src/images/formats/cpio.ts';
import { ensureMicro } from '../../../../src/images/micro/micro.ts';
import type { KernelImage } from '../../../../src/index.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { readSshRecord, writeSshRecord } from '../../../../src/machines/record/ssh-record.ts';
import { type Picture, coloursOf, decodePng } from '../../../integration/machine/png.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

let home: Home;
beforeAll(async () => {
  home = await makeHome();
});
afterEach(async () => home.removeAll());
afterAll(async () => home.close());

async function vmlet(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  if (status !== 0) throw new Error(`vmlet ${args.join(' ')}: ${stderr}`);
  return stdout + stderr;
}

async function screen(name: string): Promise<Picture> {
  const file = join(home.path, 'screen.png');
  await vmlet('screenshot', '--force', name, file);
  return decodePng(readFileSync(file));
}

function serial(name: string): string {
  return readFileSync(home.store.get(name).files.serialLog, 'latin1');
}

const missing = missingForMiniIso();
if (missing !== undefined) console.warn(`Debian's installer is not started: ${missing}`);

describe.skipIf(missing !== undefined)("Debian's installer", () => {
  let iso: string;
  beforeAll(() => {
    const directory = join(home.path, 'iso');
    mkdirSync(directory);
    iso = join(home.path, 'mini.iso');
    makeMiniIso(directory, iso);
  });

  it('boots from a CD while the disk is empty, and shows its menu', async () => {
    await vmlet('create', 'm', '--disk', '4G', '--iso', iso, '--net', 'none', '--start');
    let last: Picture | undefined;
    const menu = await until(async () => {
      const picture = await screen('m');
      const isStill = last !== undefined && picture.pixels.equals(last.pixels);
      last = picture;
      return isStill && coloursOf(picture).size > 100 ? picture : undefined;
    });
    expect([menu.width, menu.height]).toEqual([640, 480]);
    await vmlet('sendkey', 'm', 'down');
    await until(async () => !(await screen('m')).pixels.equals(menu.pixels));
  });

  it('boots its kernel from the CD until the installation has finished', async () => {
    const append = ['--append', 'console=ttyS0'];
    await vmlet(
      'create',
      'm',
      '--disk',
      '4G',
      '--location',
      iso,
      ...append,
      '-m',
      '512M',
      '--net',
      'none',
      '--start',
    );
    await until(() => serial('m').includes('Low memory'));
    expect(coloursOf(await screen('m')).size).toBeGreaterThan(1);
    await vmlet('kill', 'm');
    expect(await vmlet('start', '--dry-run', 'm')).toContain(' -kernel ');
    await vmlet('set', 'm', '--no-installer');
    expect(await vmlet('start', '--dry-run', 'm')).not.toContain(' -kernel ');
  });
});

describe('an installer', () => {
  let micro: KernelImage;
  let disk: string;
  beforeAll(async () => {
    micro = await ensureMicro({ store: ownLocations().images, agentPath: agentProgram() });
    disk = join(home.path, 'disk.img');
    writeFileSync(disk, bootSectors.hang);
  });

  /** A medium like Debian’s netinst, whose installer prints one word and runs one command. */
  function medium(command: string): string {
    const tree = join(home.path, `medium-${command.split(' ').at(0)}`);
    mkdirSync(tree);
    copyFileSync(micro.kernelPath, join(tree, 'linux'));
    const script = `#!/bin/sh\necho installing\n${command} -f\n`;
    const init = cpioArchive([{ type: 'file', path: 'installer', mode: 0o755, data: Buffer.from(script) }]);
    // The kernel unpacks concatenated archives.
    writeFileSync(join(tree, 'initrd.gz'), Buffer.concat([readFileSync(micro.initrdPath), init]));
    return tree;
  }

  async function install(name: string, command: string): Promise<void> {
    const append = ['--append', 'console=ttyS0 quiet rdinit=/installer'];
    const hardware = ['--disk', `${disk},format=raw`, '-m', '256M', '--net', 'none'];
    await vmlet('create', name, '--location', medium(command), ...append, ...hardware, '--start');
    await until(() => home.store.get(name).status().kind === 'stopped');
    expect(serial(name)).toMatch(/installing\r\n/);
    expect(home.store.get(name).spec.installer).toBeDefined();
  }

  it('that has rebooted is not booted again: the disk boots', async () => {
    await install('m', 'reboot');
    expect(await vmlet('ls')).toContain('the guest rebooted');
    expect(await vmlet('start', '--dry-run', 'm')).not.toContain(' -kernel ');
    expect(home.store.get('m').spec.installer).toBeDefined();
    // The system's agent counts again.
    writeSshRecord(home.store.get('m').files.ssh, { byAgent: true });
    await vmlet('clone', 'm', 'n');
    expect(readSshRecord(home.store.get('n').files.ssh)).toEqual({ byAgent: true });
    expect(home.store.get('n').spec.installer).toBeUndefined();

    expect(await vmlet('start', 'm')).toContain(
      'm: installation finished; from now on the machine boots from its disk',
    );
    await until(() => serial('m').endsWith('up\n'));
    expect(home.store.get('m').spec.installer).toBeUndefined();
    expect(readdirSync(home.store.get('m').files.boot)).toEqual([]);
    await vmlet('kill', 'm');
    expect(await vmlet('start', 'm')).not.toContain('installer');
  });

  it('that has powered off is not booted again either, nor by restart', async () => {
    await install('m', 'poweroff');
    expect(await vmlet('restart', 'm')).toContain('m: installation finished');
    await until(() => serial('m').endsWith('up\n'));
  });
});
