import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { breakOffAt } from '../../../../fixtures/qmp/broken-off.ts';
import {
  ImageLockedError,
  InvalidInputError,
  MachineStateError,
  PermissionError,
} from '../../../../src/errors/index.ts';
import { probeHost } from '../../../../src/host/probe.ts';
import type { MachineSpec, NamedMachine } from '../../../../src/machines/index.ts';
import { failureOf } from '../../../integration/qmp/qemu.ts';
import { qcow2 } from '../../../integration/machine/named-hardware.ts';
import { type Home, diskPorts, makeHome } from '../home.ts';
import { IN_MEMORY, makeTemporaryDirectory } from '../../../directory.ts';

const MiB = 1024 ** 2;
let home: Home;
let machine: NamedMachine;
const at = (name: string): string => join(home.path, name);
const inStorage = (): string[] => readdirSync(machine.files.storage).sort();

beforeAll(async () => {
  home = await makeHome();
  writeFileSync(at('hang.img'), bootSectors.hang);
});
afterAll(async () => home.close());

describe('a guest that does not react', () => {
  beforeEach(async () => {
    machine = await home.store.create({
      name: 'm',
      image: `${at('hang.img')},format=raw`,
      memory: '64M',
      net: 'slirp',
    });
  });
  afterEach(async () => home.removeAll());

  test('disks of a stopped machine can be added, changed and removed', async () => {
    qcow2(at('base.qcow2'), 8 * MiB);
    expect(await home.vmlet('disk', 'add', 'm', '10M')).toMatchObject({
      status: 0,
      stdout: 'disk1\n',
      stderr: '',
    });
    await machine.addDisk(`${at('base.qcow2')},cache=none`);
    await machine.addDisk(`${at('base.qcow2')},readonly`);
    expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2', 'disk2.qcow2']);

    expect(await home.vmlet('disk', 'resize', 'm', 'disk1', '+2M')).toMatchObject({
      stdout: 'disk1: 12 MiB\n',
    });
    const shrunk = await home.vmlet('disk', 'resize', 'm', 'disk1', '4M');
    expect(shrunk).toMatchObject({ status: 125 });
    expect(shrunk.stderr).toContain('--shrink');
    await home.vmlet('disk', 'resize', 'm', 'disk1', '4M', '--shrink');
    expect(await failureOf(machine.resizeDisk('disk3', '+1M'))).toBeInstanceOf(InvalidInputError);
    await home.vmlet('disk', 'set', 'm', 'disk1', '--cache', 'unsafe', '--no-discard', '--readonly');
    expect(await failureOf(machine.setDisk('disk3', { readOnly: false }))).toBeInstanceOf(InvalidInputError);

    const { disks } = JSON.parse((await home.vmlet('disk', 'ls', '--json', 'm')).stdout) as {
      disks: object[];
    };
    const common = { format: 'qcow2', owned: true, readOnly: false, cache: 'writeback', discard: true };
    expect(disks).toMatchObject([
      { ...common, name: 'disk0', backingPath: at('hang.img'), virtualBytes: MiB },
      { ...common, name: 'disk1', virtualBytes: 4 * MiB, cache: 'unsafe', discard: false, readOnly: true },
      { ...common, name: 'disk2', backingPath: at('base.qcow2'), virtualBytes: 8 * MiB, cache: 'none' },
      { ...common, name: 'disk3', path: at('base.qcow2'), owned: false, readOnly: true },
    ]);
    expect(await failureOf(machine.removeDisk('disk9'))).toHaveProperty(
      'hint',
      'choose one of: disk0, disk1, disk2, disk3',
    );

    // Another file is another disk, although its name and path are the same.
    const [, second] = await machine.disks();
    const { id, path } = second ?? { id: '', path: '' };
    renameSync(path, `${path}.old`);
    copyFileSync(`${path}.old`, path);
    const replaced = {
      code: 'VMLET_REPLACED',
      message: 'disk "disk1" of machine "m" was not changed: another disk has the same name now',
    };
    expect(await failureOf(machine.removeDisk('disk1', { id, storage: true }))).toMatchObject(replaced);
    expect(await failureOf(machine.resizeDisk('disk1', '1M', { id, shrink: true }))).toMatchObject(replaced);
    expect((await machine.disks())[1]?.id).not.toBe(id);
    renameSync(`${path}.old`, path);
    expect((await machine.disks())[1]?.id).toBe(id);

    const removed = await home.vmlet('disk', 'rm', 'm', 'disk1');
    const kept = /^vmlet: kept the disk (?<path>.*)\n$/.exec(removed.stderr)?.groups?.['path'] ?? '';
    execFileSync('qemu-img', ['check', '-q', kept]);
    expect(await machine.removeDisk('disk2', { storage: true })).toEqual([]);
    expect(await machine.removeDisk('disk3', { storage: true })).toEqual([at('base.qcow2')]);
    expect(existsSync(at('base.qcow2'))).toBe(true);
    expect(inStorage()).toEqual(['disk0.qcow2']);
    rmSync(at('base.qcow2'));
  });

  test('disks are plugged into a running machine, each into the port of its number, until no port is free', async () => {
    const live = await machine.start();
    const cardSlot = async (): Promise<unknown> =>
      live.qmp(async (qmp) =>
        qmp.execute('qom-get', { path: '/machine/peripheral/network-device', property: 'addr' }),
      );
    const slot = await cardSlot();
    // Another client’s disk, added through the monitor: QEMU is asked, since the definition does not contain it.
    await live.qmp(async (qmp) =>
      qmp.execute('device_add', { driver: 'virtio-rng-pci', id: 'foreign', bus: 'port2' }),
    );
    expect(await home.vmlet('disk', 'add', 'm', '8M')).toMatchObject({ status: 0, stdout: 'disk1\n' });
    expect(await machine.addDisk('8M')).toMatchObject({ name: 'disk3', port: 'port3' });
    await machine.addDisk('8M');
    const full = await failureOf(machine.addDisk('8M'));
    expect(full).toBeInstanceOf(MachineStateError);
    expect(full).toHaveProperty('hint', expect.stringContaining('each start adds 4 spare slots'));
    expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2', 'disk3.qcow2', 'disk4.qcow2']);
    expect((await machine.disks()).map(({ port }) => port)).toEqual(['port0', 'port1', 'port3', 'port4']);
    expect(live.plan().disks.map(({ bus }) => bus)).toEqual(['port0', 'port1', 'port3', 'port4']);

    await machine.resizeDisk('disk3', '16M');
    expect(await failureOf(machine.resizeDisk('disk3', '8M', { shrink: true }))).toBeInstanceOf(
      InvalidInputError,
    );
    const held = await home.vmlet('disk', 'rm', '--timeout', '300ms', 'm', 'disk3');
    expect(held).toMatchObject({ status: 125, stdout: '' });
    expect(held.stderr).toContain('timed out after 0.3 s waiting for the guest to release disk "disk3"');
    expect((await machine.disks()).map(({ port }) => port)).toContain('port3');

    // At the next start they have the same ports, and so has the network card.
    await live.kill();
    await machine.start();
    expect((await machine.disks()).map(({ port }) => port)).toEqual(['port0', 'port1', 'port3', 'port4']);
    expect(await cardSlot()).toBe(slot);
    expect(diskPorts(live.plan())).toHaveLength(9);
    await machine.addDisk('8M');
  });

  test('a file outside of the machine’s directory is hard-linked for a confined QEMU where possible', async (context) => {
    await machine.start();
    qcow2(at('base.qcow2'), 8 * MiB);
    qcow2(at('adopted.qcow2'), 8 * MiB);
    await machine.addDisk(at('base.qcow2'));
    await machine.addDisk(`${at('base.qcow2')},readonly`);
    await machine.addDisk(`${at('adopted.qcow2')},adopt`);
    expect((await machine.disks()).map(({ port }) => port)).toEqual(['port0', 'port1', 'port2', 'port3']);
    expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2']);

    const { landlock, namespaces } = (await probeHost({ cacheDirectory: home.path })).confinement;
    const { path: away, remove } = makeTemporaryDirectory(IN_MEMORY);
    try {
      const isConfined = landlock.usable || namespaces.mount.usable;
      if (!isConfined || statSync(away).dev === statSync(home.path).dev) {
        return context.skip('no confinement here, or no other file system');
      }
      const file = qcow2(join(away, 'base.qcow2'), 8 * MiB);
      const refused = await failureOf(machine.addDisk(file));
      expect(refused).toBeInstanceOf(PermissionError);
      expect(refused.message).toContain('the file is on another file system');
      expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2']);
      expect(await machine.disks()).toHaveLength(4);
    } finally {
      remove();
    }
  });

  test('leftovers of a killed process do not block the next command', async () => {
    // Before the definition was written: a file that belongs to no machine.
    writeFileSync(join(machine.files.storage, 'disk1.qcow2'), 'half');
    writeFileSync(join(machine.files.storage, 'lent-7'), '');
    expect(await machine.addDisk('8M')).toMatchObject({ name: 'disk1' });
    expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2']);
    // After it, and before the disk was plugged in: the next start has it.
    await machine.start();
    const spec = JSON.parse(readFileSync(machine.files.spec, 'utf8')) as MachineSpec;
    const disk = { ...spec.disks[1], name: 'disk2', file: 'disk2.qcow2' };
    writeFileSync(machine.files.spec, JSON.stringify({ ...spec, disks: [...spec.disks, disk] }));
    qcow2(join(machine.files.storage, 'disk2.qcow2'), 8 * MiB);
    expect((await home.vmlet('disk', 'ls', 'm')).stdout).toMatch(/disk2 .* next start /);
    await machine.resizeDisk('disk2', '+8M');
    expect(await machine.addDisk('8M')).toMatchObject({ name: 'disk3' });
    expect(await machine.removeDisk('disk2', { storage: true })).toEqual([]);
    expect(inStorage()).toEqual(['disk0.qcow2', 'disk1.qcow2', 'disk3.qcow2']);
  });

  test('a broken monitor connection leaves no unrecorded disk', async () => {
    await machine.start();
    const mend = await breakOffAt(machine.files.monitorSocket, 'device_add');
    expect(await machine.addDisk('8M')).toMatchObject({ name: 'disk1', port: 'port1' });
    await mend();
    expect((await machine.disks()).map(({ port }) => port)).toEqual(['port0', 'port1']);
  });

  test('starting a machine names the machine that uses the disk', async () => {
    qcow2(at('shared.qcow2'), bootSectors.hang);
    const image = at('shared.qcow2');
    const first = await home.store.create({ name: 'first', image, adopt: true, memory: '64M', net: 'none' });
    const second = await home.store.create({
      name: 'second',
      image,
      adopt: true,
      memory: '64M',
      net: 'none',
    });
    await first.start();
    const error = await failureOf(second.start());
    expect(error).toBeInstanceOf(ImageLockedError);
    expect(error).toMatchObject({ path: image, holders: [expect.stringContaining('vmlet-first (pid ')] });
    expect(second.status().kind).toBe('stopped');
    // The same when it is plugged in, and then nothing has changed.
    await machine.start();
    expect(await failureOf(machine.addDisk(`${image},adopt`))).toBeInstanceOf(ImageLockedError);
    expect(await machine.disks()).toHaveLength(1);
  });

  test('CDs change in the running machine and in its definition', async () => {
    for (const name of ['one.iso', 'two.iso']) writeFileSync(at(name), Buffer.alloc(64 * 1024, name));
    expect((await home.vmlet('cd', 'ls', 'm')).stdout).toMatch(/cdrom0 +empty/);
    await machine.changeCd(at('one.iso'));
    const live = await machine.start();
    const inDrive = async (): Promise<string | undefined> => {
      const [drive] = await live.qmp(async (qmp) =>
        (await qmp.execute('query-block')).filter(({ qdev }) => qdev === 'cdrom0-device'),
      );
      return drive?.inserted?.file;
    };
    expect(await inDrive()).toBe(at('one.iso'));
    expect(await home.vmlet('cd', 'insert', 'm', at('two.iso'))).toMatchObject({
      status: 0,
      stdout: 'cdrom0\n',
    });
    expect(await inDrive()).toMatch(/two\.iso|lent-/);
    expect(inStorage()).toEqual(['disk0.qcow2']);
    const missing = await home.vmlet('cd', 'insert', 'm', at('none.iso'));
    expect(missing.stderr).toContain(`no such file: ${at('none.iso')}`);
    expect(await machine.drives()).toEqual([
      { name: 'cdrom0', path: at('two.iso'), locked: false, open: false },
    ]);
    await home.vmlet('cd', 'eject', 'm');
    expect(await inDrive()).toBeUndefined();

    // Another drive exists from the next start; until then only the definition contains its CD.
    expect(await machine.addCdDrive()).toEqual({ drive: 'cdrom1', takesEffect: 'next start' });
    expect(await failureOf(machine.changeCd(at('one.iso')))).toHaveProperty(
      'hint',
      'choose one of: cdrom0, cdrom1',
    );
    const later = await machine.changeCd(at('one.iso'), { drive: 'cdrom1' });
    expect(later).toEqual({ drive: 'cdrom1', takesEffect: 'next start' });
    await live.kill();
    await machine.start();
    expect(await machine.drives()).toMatchObject([
      { name: 'cdrom0', open: false },
      { name: 'cdrom1', path: at('one.iso'), open: false },
    ]);
    expect(await machine.removeCdDrive('cdrom1')).toMatchObject({ drive: 'cdrom1' });
  });
});

describe('a Linux guest', () => {
  beforeAll(async () => {
    machine = await home.store.create({
      name: 'linux',
      image: 'micro',
      memory: '256M',
      net: 'none',
      disks: ['8M'],
    });
    await machine.start();
  });
  afterAll(async () => home.removeAll());

  async function shell(script: string): Promise<string> {
    const { status, stdout, stderr } = await home.vmlet('exec', 'linux', '--', 'sh', '-c', script);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }
  const until = (condition: string): string => `until ${condition}; do sleep 0.1; done;`;

  test('finds added disks, releases them, and notices that they grow', async () => {
    expect(await machine.addDisk('8M')).toMatchObject({ name: 'disk1', port: 'port1' });
    const write = 'printf pattern | dd of=/dev/vdb conv=fsync';
    expect(await shell(`${until('[ -b /dev/vdb ]')} cat /sys/block/vdb/serial; ${write}`)).toBe('disk1');
    await machine.resizeDisk('disk1', '+8M');
    await shell(until(`[ "$(cat /sys/block/vdb/size)" = ${(16 * MiB) / 512} ]`));

    const [kept = ''] = await machine.removeDisk('disk1');
    expect(await shell(`${until('[ ! -e /dev/vdb ]')} ls /dev/vd?`)).toBe('/dev/vda\n');
    expect(inStorage()).toEqual(['disk0.qcow2']);
    // The kept disk comes back unchanged, on the same port.
    expect(await machine.addDisk(`${kept},adopt`)).toMatchObject({ name: 'disk1', port: 'port1' });
    expect(await shell(`${until('[ -b /dev/vdb ]')} head -c 7 /dev/vdb`)).toBe('pattern');
    expect(await machine.removeDisk('disk1', { storage: true })).toEqual([]);
    expect(existsSync(kept)).toBe(false);
  });

  test('a saved machine resumes unchanged after disks were added and removed', async () => {
    await machine.addDisk('8M');
    await shell('echo here > /tmp/mark');
    await machine.live().save();
    expect(await failureOf(machine.addDisk('8M'))).toBeInstanceOf(MachineStateError);
    await machine.start();
    expect(await shell(`cat /tmp/mark; ${until('[ -b /dev/vdb ]')} ls /dev/vd?`)).toBe(
      'here\n/dev/vda\n/dev/vdb\n',
    );
    await machine.removeDisk('disk1', { storage: true });
    expect((await machine.disks()).map(({ name }) => name)).toEqual(['disk0']);
  });

  test('without a drive, the error shows how to add one', async () => {
    const error = await failureOf(machine.changeCd(undefined));
    expect(error).toHaveProperty('hint', expect.stringContaining('vmlet cd add linux'));
  });
});
