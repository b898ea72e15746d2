import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';
import { leakCluster } from '../../../../fixtures/images/leak-cluster.ts';
import { checkDisk } from '../../../../src/images/qemu-img/check-disk.ts';
import type { NamedMachine } from '../../../../src/machines/index.ts';
import { diskSector } from '../../../../fixtures/guests/disk-sector.ts';
import { type Home, makeHome } from '../home.ts';

let home: Home;
let machine: NamedMachine;
let paths: string[];

beforeAll(async () => {
  home = await makeHome();
});
afterAll(async () => home.close());
beforeEach(async () => {
  const disk = join(home.path, 'disk.img');
  writeFileSync(disk, diskSector);
  machine = await home.store.create({
    name: 'm',
    image: `${disk},format=raw`,
    disks: ['8M'],
    memory: '64M',
    net: 'none',
  });
  paths = (await machine.disks()).map(({ path }) => path);
  await machine.createSnapshot('s');
  for (const path of paths) leakCluster(path);
  expect(await leaks()).toEqual([1, 1]);
});
afterEach(async () => home.removeAll());

async function leaks(): Promise<number[]> {
  const checks = await Promise.all(paths.map(async (path) => checkDisk({ path, format: 'qcow2' })));
  return checks.map((check) => check.leaks);
}

test.each([
  ['a restore by QEMU', 'restoring', { by: 'qemu' }],
  ['a restore by qemu-img', 'restoring', { by: 'qemu-img' }],
  ['a snapshot', 'snapshotting', {}],
] as const)('leaked clusters of a killed %s are freed at the next start', async (_, note, more) => {
  writeFileSync(machine.files[note], JSON.stringify({ version: 1, snapshot: 's', disks: paths, ...more }));
  await machine.start();
  await machine.live().kill();
  expect(await leaks()).toEqual([0, 0]);
  expect((await machine.snapshots()).map(({ name, missingOn }) => [name, missingOn])).toEqual([['s', []]]);
});

test('after a clean end the disks are not checked', async () => {
  await machine.start();
  await machine.live().kill();
  expect(await leaks()).toEqual([1, 1]);
});
