import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { until } from '../../until.ts';
import { GuestAgent } from '../../../src/guest/agent/agent.ts';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import { bootParameters } from '../../../src/machine/plan/board.ts';
import { attachDisk, detachDisk, resizeLiveDisk } from '../../../src/machine/state/live-disk.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { loadLiveSnapshot, saveLiveSnapshot } from '../../../src/machine/state/memory-snapshot.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { restoreState, saveState } from '../../../src/machine/state/saved-state.ts';
import { type Hardware, disk, qcow2, startHardware } from '../../integration/machine/named-hardware.ts';

const MiB = 1024 ** 2;
const directory = temporaryDirectory();
const at = (name: string): string => join(directory, name);
let machine: Hardware;
let guest: GuestAgent;

/** micro on the hardware of a named machine. */
async function start(name: string, ...more: string[]): Promise<Hardware> {
  const store = locate(process.env, homedir(), process.getuid?.() ?? 0).images;
  const image = await ensureMicro({ store, agentPath: agentProgram() });
  const words = [...bootParameters, ...image.append].join(' ');
  const kernel = ['-kernel', image.kernelPath, '-initrd', image.initrdPath, '-append', words];
  const disks = [disk('disk0', at('disk0.qcow2'))];
  return startHardware({ directory, name, disks, memory: '256M', more: [...kernel, ...more] });
}

beforeAll(async () => {
  qcow2(at('disk0.qcow2'), 64 * MiB);
  machine = await start('first');
  guest = await GuestAgent.attach(await machine.connectAgent());
  await guest.configure({ modules: ['virtio_blk'] });
});
afterAll(async () => {
  await guest.close();
  await machine[Symbol.asyncDispose]();
});

async function shell(script: string): Promise<string> {
  const { stdout, stderr, exitCode } = await guest.exec(['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(`${script}: ${stderr.toString()}`);
  return stdout.toString().trim();
}

/** Waits until the guest has detected the disk, or its removal. */
const untilGuest = async (condition: string): Promise<string> =>
  shell(`i=0; until ${condition}; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.1; done`);

it('adds and removes a disk, and adds it again under the same name', async () => {
  const data = disk('disk1', qcow2(at('data.qcow2'), 8 * MiB), { bus: 'port2', serial: 'data' });
  // The outcome of this one is not awaited; it must not affect the next.
  await attachDisk(machine.qmp, data);
  await untilGuest('[ -b /dev/vdb ]');
  await machine.qmp.execute('device_del', { id: 'disk1-device' });
  await untilGuest('[ ! -e /dev/vdb ]');
  const isGone = async (): Promise<boolean> =>
    machine.qmp.execute('blockdev-del', { 'node-name': 'disk1' }).then(
      () => true,
      () => false,
    );
  await until(isGone);

  for (const round of ['one', 'two']) {
    await attachDisk(machine.qmp, data);
    await untilGuest('[ -b /dev/vdb ]');
    expect(await shell('cat /sys/block/vdb/serial')).toBe('data');
    if (round === 'two') expect(await shell('head -c 3 /dev/vdb')).toBe('one');
    await shell(`printf ${round} | dd of=/dev/vdb conv=fsync`);
    await detachDisk(machine.qmp, data);
    await untilGuest('[ ! -e /dev/vdb ]');
    const nodes = await machine.qmp.execute('query-named-block-nodes', { flat: true });
    expect(nodes.map((node) => node['node-name'])).not.toContain('disk1');
  }
});

it('notifies the guest that its disk has grown', async () => {
  await resizeLiveDisk(machine.qmp, 'disk0', 96 * MiB);
  await untilGuest(`[ "$(cat /sys/block/vda/size)" = ${(96 * MiB) / 512} ]`);
});

it('restores the memory and the disks of a full system', async () => {
  await shell('echo kept > /tmp/file; printf kept | dd of=/dev/vda conv=fsync');
  await saveLiveSnapshot(machine.qmp, ['disk0'], 'kept');
  await shell('echo lost > /tmp/file; printf lost | dd of=/dev/vda conv=fsync');
  await loadLiveSnapshot(machine.qmp, ['disk0'], 'kept');
  await reattach();
  expect(await shell('cat /tmp/file; head -c 4 /dev/vda')).toBe('kept\nkept');
});

it('restores them in another QEMU', async () => {
  const before = await saveState(machine.qmp, at('state'));
  await machine[Symbol.asyncDispose]();
  machine = await start('second', '-incoming', 'defer', '-S');
  await restoreState(machine.qmp, at('state'), before);
  await reattach();
  expect(await shell('cat /tmp/file; head -c 4 /dev/vda')).toBe('kept\nkept');
});

/** The guest’s agent continues a session that this host never had. */
async function reattach(): Promise<void> {
  await guest.close();
  guest = await GuestAgent.attach(await machine.connectAgent(), { timeoutMs: 60_000 });
}
