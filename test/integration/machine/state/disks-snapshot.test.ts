import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { until } from '../../../until.ts';
import { ImageLockedError, InvalidInputError } from '../../../../src/errors/index.ts';
import {
  applySnapshot,
  createSnapshot,
  deleteSnapshot,
  listSnapshots,
} from '../../../../src/images/qemu-img/disk-snapshot.ts';
import {
  listDisksSnapshots,
  removeSnapshots,
  restoreDisks,
  snapshotDisks,
  undoBrokenRestore,
} from '../../../../src/machine/state/disks-snapshot.ts';
import { BEFORE_RESTORE, disksInSnapshots } from '../../../../src/machine/state/machine-snapshot.ts';
import { failureOf } from '../../qmp/qemu.ts';
import { disk, qcow2, startHardware } from '../named-hardware.ts';

const MiB = 1024 ** 2;
let directory: string;
let remove: () => void;
let paths: readonly [string, string, string];

beforeEach(() => {
  ({ path: directory, remove } = makeTemporaryDirectory());
  const make = (name: string): string => qcow2(join(directory, name), 4 * MiB);
  paths = [make('one,a.qcow2'), make('two.qcow2'), make('variables.qcow2')];
});
afterEach(() => remove());

const image = (path: string): string =>
  `driver=qcow2,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;

function fill(pattern: number): void {
  for (const path of paths)
    execFileSync('qemu-io', ['--image-opts', '-c', `write -P ${pattern} 1M 64k`, image(path)]);
}

/** The disks that contain the pattern. */
function holding(pattern: number): boolean[] {
  return paths.map((path) => {
    const read = ['--image-opts', '-r', '-c', `read -P ${pattern} 1M 64k`, image(path)];
    return spawnSync('qemu-io', read).status === 0;
  });
}

const all = [true, true, true];
const none = [false, false, false];

async function names(): Promise<string[][]> {
  return Promise.all(paths.map(async (path) => (await listSnapshots({ path })).map(({ name }) => name)));
}

test('all disks are restored together to the same state', async () => {
  fill(1);
  await snapshotDisks(paths, 'first');
  fill(2);
  await snapshotDisks(paths, 'second');
  fill(3);
  expect(await listDisksSnapshots(paths)).toMatchObject([
    { name: 'first', memoryBytes: 0 },
    { name: 'second', memoryBytes: 0 },
  ]);
  await restoreDisks(paths, 'first');
  expect(holding(1)).toEqual(all);
  await restoreDisks(paths, 'second');
  expect(holding(2)).toEqual(all);
  await removeSnapshots(paths, 'first');
  expect(await names()).toEqual([['second'], ['second'], ['second']]);
  for (const path of paths) execFileSync('qemu-img', ['check', '-q', '--image-opts', image(path)]);
});

test('no disk gets a snapshot if the last one cannot', async () => {
  fill(1);
  await createSnapshot({ path: paths[2] }, 'taken');
  expect(await failureOf(snapshotDisks(paths, 'taken'))).toBeInstanceOf(InvalidInputError);
  await using machine = await startHardware({
    directory,
    more: ['-S'],
    disks: [disk('disk0', paths[2])],
  });
  const error = await failureOf(snapshotDisks(paths, 'new'));
  expect(error).toBeInstanceOf(ImageLockedError);
  expect(error).toMatchObject({ holders: [`qemu-system-x86 (pid ${machine.qemu.pid})`] });
  expect(await names()).toEqual([[], [], ['taken']]);
});

test('an abort leaves all disks unchanged', async () => {
  fill(1);
  await snapshotDisks(paths, 'first');
  fill(2);
  const stop = new AbortController();
  const reason = new Error('enough');
  const restoring = failureOf(restoreDisks(paths, 'first', { signal: stop.signal }));
  await until(async () => (await names())[0]?.includes(BEFORE_RESTORE));
  stop.abort(reason);
  expect(await restoring).toBe(reason);
  expect(holding(2)).toEqual(all);
  expect(await names()).toEqual([['first'], ['first'], ['first']]);
});

test('an interrupted restore is undone, or complete', async () => {
  fill(1);
  await snapshotDisks(paths, 'first');
  fill(2);
  // Killed while it marked the disks.
  await createSnapshot({ path: paths[0] }, BEFORE_RESTORE);
  expect((await listDisksSnapshots(paths)).map(({ name }) => name)).toEqual(['first']);
  await undoBrokenRestore(paths);
  expect(holding(2)).toEqual(all);
  // Killed between the disks.
  for (const path of paths) await createSnapshot({ path }, BEFORE_RESTORE);
  await applySnapshot({ path: paths[0] }, 'first');
  expect(holding(1)).toEqual([true, false, false]);
  await undoBrokenRestore(paths);
  expect(holding(2)).toEqual(all);
  // Killed while it removed the marks.
  for (const path of paths) await createSnapshot({ path }, BEFORE_RESTORE);
  for (const path of paths) await applySnapshot({ path }, 'first');
  await deleteSnapshot({ path: paths[0] }, BEFORE_RESTORE);
  await undoBrokenRestore(paths);
  expect(holding(1)).toEqual(all);
  expect(holding(2)).toEqual(none);
  expect(await names()).toEqual([['first'], ['first'], ['first']]);
});

test('a machine without a writable disk, or with a raw one, has no snapshots', () => {
  expect(() => disksInSnapshots([disk('disk0', '/x', { readOnly: true })])).toThrow(InvalidInputError);
  expect(() => disksInSnapshots([disk('disk0', '/x', { format: 'raw' })])).toThrow(/raw/);
  const some = disksInSnapshots([disk('cd', '/x', { readOnly: true, format: 'raw' }), disk('disk0', '/y')]);
  expect(some.map(({ nodeName }) => nodeName)).toEqual(['disk0']);
});
