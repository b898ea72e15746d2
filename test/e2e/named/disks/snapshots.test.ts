import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { diskSector } from '../../../../fixtures/guests/disk-sector.ts';
import { InvalidInputError, MachineStateError } from '../../../../src/errors/index.ts';
import { applySnapshot, createSnapshot } from '../../../../src/images/qemu-img/disk-snapshot.ts';
import { BEFORE_RESTORE } from '../../../../src/machine/state/machine-snapshot.ts';
import type { NamedMachine } from '../../../../src/machines/index.ts';
import { formatMachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { ask, qcow2 } from '../../../integration/machine/named-hardware.ts';
import { failureOf } from '../../../integration/qmp/qemu.ts';
import { type Home, diskPorts, makeHome } from '../home.ts';

let home: Home;
let machine: NamedMachine;
const at = (name: string): string => join(home.path, name);

beforeAll(async () => {
  home = await makeHome();
  writeFileSync(at('disk.img'), diskSector);
});
afterAll(async () => home.close());

describe('a guest of two disks', () => {
  beforeEach(async () => {
    machine = await home.store.create({
      name: 'm',
      image: `${at('disk.img')},format=raw`,
      disks: ['8M'],
      memory: '64M',
      net: 'none',
    });
  });
  afterEach(async () => home.removeAll());

  /** The guest’s answer to each of the characters. */
  async function say(characters: string): Promise<string> {
    const serial = connect(machine.live().files.consoleSocket);
    await once(serial, 'connect');
    let answers = '';
    for (const character of characters) answers += await ask(serial, character);
    serial.destroy();
    return answers;
  }
  /** The first disk, the second and the memory. */
  const state = async (): Promise<string> => say('rsm');
  const names = async (): Promise<string[]> => (await machine.snapshots()).map(({ name }) => name);

  async function start(): Promise<void> {
    await machine.start();
    await machine.waitFor({ log: [/\+/] });
  }

  /** Leaves the machine as a command that was killed while QEMU restored. @returns the command's note. */
  async function interruptRestore(): Promise<string> {
    await start();
    await say('A1');
    await machine.createSnapshot('one');
    await say('B2');
    await machine.live().pause();
    const disks = ['disk0.qcow2', 'disk1.qcow2'].map((name) => join(machine.files.storage, name));
    const note = JSON.stringify({ version: 1, snapshot: 'one', by: 'qemu', disks });
    writeFileSync(machine.files.restoring, note);
    return note;
  }

  async function refusesUnknown(): Promise<void> {
    for (const verb of ['restore', 'rm']) {
      const { stderr } = await home.vmlet('snapshot', verb, 'm', 'none');
      expect(stderr).toMatch(/^vmlet: .*no such snapshot: "none"$/m);
    }
  }

  test('memory and disks are restored, in the running QEMU and in a new one', async () => {
    await start();
    await say('A1');
    expect(await home.vmlet('snapshot', 'create', 'm', 'one')).toMatchObject({ status: 0, stdout: 'one\n' });
    await say('B2');
    expect(await home.vmlet('snapshot', 'restore', 'm', 'one')).toMatchObject({
      status: 0,
      stderr: 'vmlet: machine "m" is running\n',
    });
    expect(await state()).toBe('A11');
    await say('C3');
    await machine.live().kill();
    expect(await home.vmlet('snapshot', 'restore', 'm', 'one')).toMatchObject({
      status: 0,
      stderr: 'vmlet: machine "m" is running\n',
    });
    expect(await state()).toBe('A11');

    await machine.live().pause();
    await machine.createSnapshot('paused');
    await machine.live().resume();
    await machine.restoreSnapshot('paused');
    expect(machine.status()).toMatchObject({ kind: 'running', state: 'paused' });
    await machine.live().kill();
    await machine.restoreSnapshot('paused');
    expect(machine.status()).toMatchObject({ kind: 'running', state: 'paused' });
    await machine.live().resume();
    expect(await state()).toBe('A11');

    const listed = await machine.snapshots();
    expect(listed.map(({ name, missingOn }) => [name, missingOn])).toEqual([
      ['one', []],
      ['paused', []],
    ]);
    expect(listed[0]?.memoryBytes).toBeGreaterThan(100_000);
    const words = await home.vmlet('__complete', '--', 'snapshot', 'restore', 'm', '');
    expect(words.stdout).toMatch(/^one\b.*^paused\b/ms);
    await home.vmlet('snapshot', 'rm', 'm', 'one', 'paused');
    expect(await names()).toEqual([]);
    expect(await failureOf(machine.removeSnapshots(['one']))).toBeInstanceOf(InvalidInputError);
    await refusesUnknown();
  });

  test('only the disks are restored when the machine is stopped', async () => {
    await start();
    await say('A1');
    await machine.createSnapshot('power-cut', { disksOnly: true });
    expect(await failureOf(machine.createSnapshot('power-cut', { disksOnly: true }))).toBeInstanceOf(
      InvalidInputError,
    );
    await say('B2');
    const refused = await home.vmlet('snapshot', 'restore', 'm', 'power-cut');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toContain('stop it first: vmlet stop m');
    expect(await state()).toBe('B22');
    await machine.live().kill();
    await refusesUnknown();

    const stamp = (await home.vmlet('snapshot', 'create', 'm')).stdout.trim();
    expect(stamp).toMatch(/^\d{4}-\d\d-\d\d-\d{6}$/);
    await machine.restoreSnapshot('power-cut');
    await start();
    expect(await say('rs')).toBe('A1');
    await machine.live().kill();
    await machine.restoreSnapshot(stamp);
    expect(machine.status().kind).toBe('stopped');
    await start();
    expect(await say('rs')).toBe('B2');
    expect((await machine.snapshots()).map(({ name, memoryBytes }) => [name, memoryBytes])).toEqual([
      ['power-cut', 0],
      [stamp, 0],
    ]);
  });

  test('each has the one that the machine continued from as its parent', async () => {
    const tree = async (one = machine): Promise<string> =>
      (await one.snapshots())
        .map(({ name, parent = '-', current }) => `${current ? '*' : ''}${name}<${parent}`)
        .join(' ');
    await machine.createSnapshot('clean');
    await start();
    await machine.createSnapshot('setup');
    expect(await failureOf(machine.createSnapshot('clean'))).toBeInstanceOf(InvalidInputError);
    await machine.restoreSnapshot('setup');
    await machine.createSnapshot('left', { disksOnly: true });
    await machine.restoreSnapshot('setup');
    await machine.createSnapshot('right');
    expect(await tree()).toBe('clean<- setup<clean left<setup *right<setup');
    await machine.live().kill();
    await machine.restoreSnapshot('left');
    expect(await tree()).toBe('clean<- setup<clean *left<setup right<setup');
    // Memory that is restored into a new QEMU.
    await machine.restoreSnapshot('right');
    await machine.live().kill();
    expect(await tree()).toBe('clean<- setup<clean left<setup *right<setup');
    const { stdout } = await home.vmlet('snapshot', 'ls', 'm');
    expect(stdout).toMatch(/^right .* setup +current$/m);
    expect(await tree(await machine.clone('copy'))).toBe('clean<- setup<clean left<setup *right<setup');

    await machine.removeSnapshots(['setup', 'right']);
    expect(await tree()).toBe('*clean<- left<clean');
    // qemu-img does not know the record.
    await createSnapshot({ path: join(machine.files.storage, 'disk1.qcow2') }, 'foreign');
    expect(await tree()).toContain('foreign<-');
  });

  test('memory is restored only into the machine that it was saved from', async () => {
    await start();
    await say('A1');
    await machine.createSnapshot('two disks');
    expect(await failureOf(machine.createSnapshot('two disks'))).toBeInstanceOf(InvalidInputError);
    const added = await home.vmlet('disk', 'add', 'm', '8M');
    expect(added).toMatchObject({
      stdout: 'disk2\n',
      stderr: expect.stringContaining('before you restore one, remove it: vmlet disk rm m disk2\n') as string,
    });
    await machine.createSnapshot('three');
    expect((await machine.snapshots()).map(({ missingOn }) => missingOn)).toEqual([['disk2'], []]);
    expect(await failureOf(machine.restoreSnapshot('two disks'))).toHaveProperty(
      'hint',
      expect.stringContaining('vmlet disk rm m disk2'),
    );
    await machine.restoreSnapshot('three');
    await machine.live().kill();
    writeFileSync(at('data.raw'), '');
    truncateSync(at('data.raw'), 1024 * 1024);
    const raw = await home.vmlet('disk', 'add', 'm', `${at('data.raw')},format=raw,adopt`);
    expect(raw.stderr).toContain('the snapshots of m do not include it');
    expect(await failureOf(machine.restoreSnapshot('three'))).toHaveProperty(
      'message',
      expect.stringMatching(/the hardware of the machine has changed .*disk3/),
    );
    await machine.removeDisk('disk3');
    // One more port than at the start, but the ports of then.
    await machine.restoreSnapshot('three');
    expect(diskPorts(machine.live().plan())).toHaveLength(6);
    await machine.live().kill();

    await machine.removeDisk('disk2', { storage: true });
    await machine.restoreSnapshot('two disks');
    expect(await state()).toBe('A11');
    await machine.live().kill();
    await machine.set({ memory: '96M' });
    const other = await failureOf(machine.restoreSnapshot('two disks'));
    expect(other).toBeInstanceOf(MachineStateError);
    expect(other.message).toContain('memory: was 64 MiB, is now 96 MiB');
    await start();
    await say('B2');
    expect(await failureOf(machine.restoreSnapshot('two disks'))).toBeInstanceOf(MachineStateError);
    expect(await state()).toBe('B22');
    await machine.live().kill();
    await machine.restoreSnapshot('two disks', { disksOnly: true });
    await start();
    expect(await say('rs')).toBe('A1');
    await machine.live().kill();

    // A clone has the disks with their contents, and is another machine.
    const clone = await machine.clone('copy');
    expect(await failureOf(clone.restoreSnapshot('two disks'))).toHaveProperty(
      'hint',
      "restore only the disks: vmlet snapshot restore --disks-only copy 'two disks'",
    );
    // As after its first start, at which its guest gets its own identity.
    const { spec, files } = clone;
    const renewed = { guestIdentity: 'own' as const, identityRenewedAt: new Date().toISOString() };
    writeFileSync(files.spec, formatMachineSpec({ ...spec, ...renewed }));
    await clone.restoreSnapshot('two disks', { disksOnly: true });
    expect(home.store.get('copy').spec.guestIdentity).toBe('copied');
  });

  test('a disk that becomes read-only at the next start is included until then', async () => {
    await start();
    await say('A1');
    await machine.setDisk('disk1', { readOnly: true });
    await machine.createSnapshot('one');
    expect(await machine.snapshots()).toMatchObject([{ name: 'one', missingOn: [] }]);
    await say('B2');
    await machine.restoreSnapshot('one');
    expect(await state()).toBe('A11');
    await machine.live().kill();
    const partial = 'snapshot: "one" includes disk1, which is read-only now';
    const restored = await failureOf(machine.restoreSnapshot('one', { disksOnly: true }));
    expect(restored).toHaveProperty('message', partial);
    await start();
    expect(await failureOf(machine.removeSnapshots(['one']))).toHaveProperty('message', partial);
    await machine.live().kill();
    await machine.removeSnapshots(['one']);
    await machine.setDisk('disk1', { readOnly: false });
    expect(await machine.snapshots()).toEqual([]);
  });

  test('a saved machine and a machine with a raw disk take no snapshots', async () => {
    await start();
    await machine.live().save();
    expect(await failureOf(machine.createSnapshot('one'))).toBeInstanceOf(MachineStateError);
    expect(await failureOf(machine.restoreSnapshot('one'))).toBeInstanceOf(MachineStateError);
    await machine.start({ discardSaved: true });
    for (const kind of ['running', 'stopped']) await machine.createSnapshot(kind, { disksOnly: true });
    writeFileSync(at('raw.img'), Buffer.alloc(1024 * 1024));
    await machine.addDisk(`${at('raw.img')},format=raw,adopt`);
    for (const kind of ['running', 'stopped']) {
      expect(machine.status().kind).toBe(kind);
      expect(await failureOf(machine.createSnapshot('one'))).toHaveProperty(
        'message',
        expect.stringContaining('raw.img has the format raw'),
      );
      // Earlier snapshots can be removed, all that are named or none.
      expect(await failureOf(machine.removeSnapshots([kind, 'nosuch']))).toHaveProperty(
        'message',
        'snapshot: no such snapshot: "nosuch"',
      );
      expect(await names()).toContain(kind);
      await machine.removeSnapshots([kind]);
      expect(await names()).not.toContain(kind);
      if (kind === 'running') await machine.live().kill();
    }
  });

  test('a restore that was killed inside QEMU does not run, and can be completed', async () => {
    const note = await interruptRestore();
    expect(await failureOf(machine.live().resume())).toBeInstanceOf(MachineStateError);
    expect((await machine.live().stop()).rung).toBe('quit');
    await start();
    expect(await say('rs')).toBe('A1');
    // Once more: data written since then stays.
    await say('C3');
    await machine.live().kill();
    await start();
    expect(await say('rs')).toBe('C3');
    // A machine left paused by a killed command does not count as running.
    await machine.live().pause();
    writeFileSync(machine.files.restoring, note);
    await start();
    expect(await say('rs')).toBe('A1');
  });

  test('a disk is changed and removed only after an interrupted restore of it is settled', async () => {
    await interruptRestore();
    expect(await failureOf(machine.removeDisk('disk1'))).toHaveProperty(
      'message',
      expect.stringContaining('only partly restored'),
    );
    await machine.live().kill();
    await machine.removeDisk('disk1', { storage: true });
    await start();
    expect(await say('r')).toBe('A');
  });

  test('a restore that was killed outside of QEMU is undone', async () => {
    await start();
    await say('A1');
    await machine.live().kill();
    await machine.createSnapshot('one');
    await start();
    await say('B2');
    await machine.live().kill();
    const disks = ['disk0.qcow2', 'disk1.qcow2'].map((name) => join(machine.files.storage, name));
    for (const path of disks) await createSnapshot({ path }, BEFORE_RESTORE);
    await applySnapshot({ path: disks[0] ?? '' }, 'one');
    const note = { version: 1, snapshot: 'one', by: 'qemu-img', disks };
    writeFileSync(machine.files.restoring, JSON.stringify(note));
    expect(await names()).toEqual(['one']);
    await start();
    expect(await say('rs')).toBe('B2');
    // It may as well have been killed after its end.
    expect(await machine.snapshots()).toMatchObject([{ name: 'one', current: false }]);
  });

  test('memory that cannot be loaded fails the start, and keeps the disks of the snapshot', async () => {
    await start();
    await say('A1');
    await machine.createSnapshot('one');
    await say('B2');
    await machine.live().kill();
    // A machine with a wrong record.
    const record = readFileSync(machine.files.snapshots, 'utf8').replaceAll('64 MiB', '96 MiB');
    writeFileSync(machine.files.snapshots, record);
    await machine.set({ memory: '96M' });
    expect(await failureOf(machine.restoreSnapshot('one'))).toMatchObject({
      code: 'VMLET_QMP_JOB',
      hint: expect.stringMatching(
        /boot from the disks, run: vmlet start m;.*logs --source qemu m$/,
      ) as string,
    });
    expect(machine.status().kind).toBe('stopped');
    await start();
    expect(await say('rs')).toBe('A1');
  });
});

test('a snapshot includes the UEFI variables', async () => {
  machine = await home.store.create({
    name: 'uefi',
    image: qcow2(at('disk.qcow2'), diskSector),
    firmware: 'uefi',
    memory: '128M',
    net: 'none',
  });
  await machine.createSnapshot('off');
  await machine.start({ paused: true });
  await machine.createSnapshot('on');
  expect(await machine.snapshots()).toMatchObject([{ name: 'off' }, { name: 'on', missingOn: [] }]);
  await machine.restoreSnapshot('on');
  await machine.live().kill();
  await machine.restoreSnapshot('on');
  expect(machine.status()).toMatchObject({ kind: 'running' });
  await machine.live().kill();
  await machine.restoreSnapshot('off');
  await machine.removeSnapshots(['on', 'off']);
  await home.removeAll();
});

test('a Linux guest resumes with its memory and its disk', async () => {
  machine = await home.store.create({ name: 'linux', image: 'micro', memory: '256M' });
  await machine.addDisk('8M');
  await machine.start();
  const shell = async (script: string): Promise<string> => {
    const { status, stdout, stderr } = await home.vmlet('exec', 'linux', '--', 'sh', '-c', script);
    if (status !== 0) throw new Error(stderr);
    return stdout;
  };
  await shell(
    'echo kept > /tmp/file; printf kept | dd of=/dev/vda conv=fsync; (while :; do sleep 1; done) &',
  );
  const running = await shell('pgrep -f "while :" | wc -l');
  await machine.createSnapshot('kept');
  await shell('echo lost > /tmp/file; printf lost | dd of=/dev/vda conv=fsync');
  await machine.restoreSnapshot('kept');
  expect(await shell('cat /tmp/file; head -c 4 /dev/vda')).toBe('kept\nkept');
  // QEMU reports changes of a port at most once a second.
  for (let round = 0; round < 3; round++) await machine.restoreSnapshot('kept');
  expect(await shell('sleep 2; echo done')).toBe('done\n');
  await shell('echo lost > /tmp/file; printf lost | dd of=/dev/vda conv=fsync');
  await machine.live().kill();
  await machine.restoreSnapshot('kept');
  expect(await shell('cat /tmp/file; head -c 4 /dev/vda')).toBe('kept\nkept');
  expect(await shell('pgrep -f "while :" | wc -l')).toBe(running);
  await home.removeAll();
});

test('a snapshot of the disks of a running guest has the files that it has written', async () => {
  machine = await home.store.create({ name: 'files', image: 'micro', net: 'none' });
  await machine.start();
  const shell = async (script: string) => home.vmlet('exec', 'files', '--', 'sh', '-c', script);
  expect(await shell('echo written >/data/file')).toMatchObject({ status: 0 });
  await machine.createSnapshot('files', { disksOnly: true });
  await machine.live().kill();
  await machine.restoreSnapshot('files');
  await machine.start();
  expect(await shell('cat /data/file')).toMatchObject({ stdout: 'written\n' });
  // Nobody waits for a guest that is paused.
  await machine.live().pause();
  await machine.createSnapshot('paused', { disksOnly: true });
  await home.removeAll();
});
