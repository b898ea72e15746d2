import { execFileSync } from 'node:child_process';
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { diskSector } from '../../../../fixtures/guests/disk-sector.ts';
import { GuestHoldsDeviceError, ImageLockedError, InvalidInputError } from '../../../../src/errors/index.ts';
import { attachDisk, detachDisk, resizeLiveDisk } from '../../../../src/machine/state/live-disk.ts';
import { QmpClient, QmpClosedError, QmpRefusedError } from '../../../../src/qmp/index.ts';
import { failureOf } from '../../qmp/qemu.ts';
import { type Hardware, disk, qcow2, serialSays, startHardware } from '../named-hardware.ts';

const MiB = 1024 ** 2;
let directory: string;
let remove: () => void;
let machine: Hardware;
const at = (name: string): string => join(directory, name);

/** The guest is a boot sector: it does not notice hotplug. */
beforeEach(async () => {
  ({ path: directory, remove } = makeTemporaryDirectory());
  const boot = disk('disk0', qcow2(at('boot.qcow2'), diskSector), { bootIndex: 0 });
  machine = await startHardware({ directory, disks: [boot] });
  await serialSays(machine.serial, /\+/);
});
afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  remove();
});

async function nodes(): Promise<(string | undefined)[]> {
  const all = await machine.qmp.execute('query-named-block-nodes', { flat: true });
  return all.map((node) => node['node-name']).filter((name) => name?.startsWith('disk'));
}

describe('attaching', () => {
  test('adds a disk with its serial, on its port', async () => {
    const data = disk('disk1', qcow2(at('data,"1%.qcow2'), 8 * MiB), { bus: 'port3', serial: 'data' });
    await attachDisk(machine.qmp, data);
    const path = '/machine/peripheral/disk1-device/virtio-backend';
    expect(await machine.qmp.execute('qom-get', { path, property: 'serial' })).toBe('data');
    expect(await nodes()).toContain('disk1');
  });

  test('leaves nothing when the port is taken', async () => {
    const data = disk('disk1', qcow2(at('data.qcow2'), 8 * MiB), { bus: 'port0' });
    const error = await failureOf(attachDisk(machine.qmp, data));
    expect(error).toBeInstanceOf(QmpRefusedError);
    expect(await nodes()).toEqual(['disk0']);
    await attachDisk(machine.qmp, { ...data, bus: 'port1' });
  });

  test('leaves nothing on an abort, though the connection is then closed', async () => {
    const socket = at('second');
    await using other = await startHardware({
      directory,
      more: ['-qmp', `unix:${socket},server=on,wait=off`],
      name: 'other',
    });
    const data = disk('disk1', qcow2(at('data.qcow2'), 8 * MiB), { bus: 'port1' });
    const reason = new Error('enough');
    for (let round = 0; round < 20; round += 1) {
      const second = await QmpClient.connect(socket);
      const abort = new AbortController();
      const attached = failureOf(attachDisk(second, data, { signal: abort.signal }));
      abort.abort(reason);
      expect(await attached).toBe(reason);
      await second.close();
      const all = await other.qmp.execute('query-named-block-nodes', { flat: true });
      expect(all.map((node) => node['node-name'])).not.toContain('disk1');
    }
  });

  test('names the machine that uses the disk, or its base', async () => {
    const base = qcow2(at('base.qcow2'), 8 * MiB);
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', base, at('top.qcow2')]);
    await attachDisk(machine.qmp, disk('disk1', base, { bus: 'port1' }));
    const holder = `qemu-system-x86 (pid ${machine.qemu.pid})`;
    await using other = await startHardware({ directory, more: ['-S'], name: 'other' });
    const same = await failureOf(attachDisk(other.qmp, disk('disk1', base, { bus: 'port1' })));
    expect(same).toBeInstanceOf(ImageLockedError);
    expect(same).toMatchObject({ path: base, holders: [holder] });
    // Also by another name of the file.
    linkSync(base, at('link.qcow2'));
    const linked = disk('disk1', at('link.qcow2'), { bus: 'port1' });
    expect(await failureOf(attachDisk(other.qmp, linked))).toMatchObject({ holders: [holder] });
    const overlay = disk('disk2', at('top.qcow2'), {
      bus: 'port2',
      backing: { path: base, format: 'qcow2' },
    });
    expect(await failureOf(attachDisk(other.qmp, overlay))).toMatchObject({ path: base, holders: [holder] });
  });
});

describe('detaching', () => {
  test('reports that the guest has not released the disk, and that it is paused', async () => {
    const failure = async (nodeName: string) =>
      failureOf(detachDisk(machine.qmp, { nodeName }, { timeoutMs: 300 }));
    const hung = await failure('disk0');
    expect(hung).toBeInstanceOf(GuestHoldsDeviceError);
    expect(hung).toMatchObject({ code: 'VMLET_GUEST_HOLDS_DEVICE', device: 'disk0' });
    expect(hung.message).toBe('timed out after 0.3 s waiting for the guest to release disk "disk0"');
    await machine.qmp.execute('stop');
    expect(await failure('disk0')).toHaveProperty(
      'hint',
      expect.stringContaining('(state: paused)') as unknown,
    );
    expect(await nodes()).toEqual(['disk0']);
    expect(await failure('disk9')).toBeInstanceOf(InvalidInputError);
  });

  test('completes what the guest did after an earlier call', async () => {
    // A missing device is treated like one that was removed while nobody listened.
    const data = disk('disk1', qcow2(at('data.qcow2'), 8 * MiB));
    await machine.qmp.execute('blockdev-add', {
      driver: 'qcow2',
      'node-name': 'disk1',
      file: { driver: 'file', filename: data.path },
    });
    await detachDisk(machine.qmp, data);
    expect(await nodes()).toEqual(['disk0']);
  });

  test('ends with the machine, and with its signal', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const aborted = failureOf(detachDisk(machine.qmp, { nodeName: 'disk0' }, { signal: abort.signal }));
    setImmediate(() => abort.abort(reason));
    expect(await aborted).toBe(reason);
    const detaching = failureOf(detachDisk(machine.qmp, { nodeName: 'disk0' }));
    await machine.qmp.execute('quit');
    expect(await detaching).toBeInstanceOf(QmpClosedError);
  });
});

test('a disk can grow while its guest runs, but not shrink', async () => {
  const size = async () => {
    const all = await machine.qmp.execute('query-named-block-nodes', { flat: true });
    return all.find((node) => node['node-name'] === 'disk0')?.image['virtual-size'];
  };
  await resizeLiveDisk(machine.qmp, 'disk0', 3 * MiB);
  expect(await size()).toBe(3 * MiB);
  for (const wrong of [2 * MiB, 3 * MiB + 1, 0]) {
    expect(await failureOf(resizeLiveDisk(machine.qmp, 'disk0', wrong))).toBeInstanceOf(InvalidInputError);
  }
  expect(await size()).toBe(3 * MiB);
});
