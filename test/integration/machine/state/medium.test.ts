import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { lockedDriveSector } from '../../../../fixtures/guests/locked-drive-sector.ts';
import { GuestHoldsDeviceError, InvalidInputError } from '../../../../src/errors/index.ts';
import { changeMedium } from '../../../../src/machine/state/medium.ts';
import type { QmpClient } from '../../../../src/qmp/index.ts';
import { Peer, failureOf, negotiate } from '../../qmp/qemu.ts';

let directory: string;
let remove: () => void;
let machine: Peer;
let qmp: QmpClient;
const at = (name: string): string => join(directory, name);

const image = (name: string): string => {
  writeFileSync(at(name), Buffer.alloc(64 * 1024, name));
  return at(name);
};

async function start(...more: string[]): Promise<void> {
  machine = new Peer([
    ...(['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-M', 'pc'] as const),
    ...['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
    ...['-device', 'ide-cd,id=cd0,bus=ide.1,unit=0'],
    ...more,
  ]);
  qmp = await negotiate(machine);
}

beforeEach(() => {
  ({ path: directory, remove } = makeTemporaryDirectory());
});
afterEach(async () => {
  await machine[Symbol.asyncDispose]();
  remove();
});

/** The file in the drive, and all existing nodes. */
async function drive(): Promise<{ file: string | undefined; open: boolean | undefined; nodes: number }> {
  const block = (await qmp.execute('query-block')).find(({ qdev }) => qdev === 'cd0');
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  const named = nodes.filter((node) => node['node-name']?.startsWith('cd0') === true);
  return { file: block?.inserted?.file, open: block?.tray_open, nodes: named.length };
}

test('media can be inserted, replaced and removed, and leave no block node', async () => {
  await start('-S');
  const first = image('first,"1%.iso');
  await changeMedium(qmp, 'cd0', first);
  expect(await drive()).toEqual({ file: first, open: false, nodes: 1 });
  for (const name of ['second.iso', 'third.iso']) {
    await changeMedium(qmp, 'cd0', image(name));
    expect(await drive()).toEqual({ file: at(name), open: false, nodes: 1 });
  }
  await changeMedium(qmp, 'cd0', undefined);
  expect(await drive()).toEqual({ file: undefined, open: false, nodes: 0 });
  await changeMedium(qmp, 'cd0', undefined);
});

test('a file that cannot be opened leaves the old medium in the drive', async () => {
  await start('-S');
  await changeMedium(qmp, 'cd0', image('first.iso'));
  expect(await failureOf(changeMedium(qmp, 'cd0', at('none.iso')))).toMatchObject({
    message: `disk: no such file: ${at('none.iso')}`,
  });
  expect(await drive()).toEqual({ file: at('first.iso'), open: false, nodes: 1 });
  expect(await failureOf(changeMedium(qmp, 'cd7', undefined))).toBeInstanceOf(InvalidInputError);
});

test('a drive that the guest has locked is opened only by force', async () => {
  writeFileSync(at('boot.raw'), lockedDriveSector);
  const node = { driver: 'raw', 'node-name': 'boot', file: { driver: 'file', filename: at('boot.raw') } };
  await start('-S', '-blockdev', JSON.stringify(node), '-device', 'virtio-blk-pci,drive=boot,bootindex=0');
  await changeMedium(qmp, 'cd0', image('first.iso'));
  await qmp.execute('cont');
  const isLocked = async (): Promise<boolean> =>
    (await qmp.execute('query-block')).some(({ qdev, locked }) => qdev === 'cd0' && locked);
  await expect.poll(isLocked, { timeout: 60_000 }).toBe(true);

  const change = changeMedium(qmp, 'cd0', image('second.iso'), { timeoutMs: 200 });
  expect(await failureOf(change)).toBeInstanceOf(GuestHoldsDeviceError);
  expect(await drive()).toEqual({ file: at('first.iso'), open: false, nodes: 1 });
  await changeMedium(qmp, 'cd0', at('second.iso'), { force: true });
  expect(await drive()).toEqual({ file: at('second.iso'), open: false, nodes: 1 });
});
