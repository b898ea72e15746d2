import { existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { removeDisk } from '../../../../src/machines/disks/disks.ts';
import { measureDiskUsage } from '../../../../src/machines/images/disk-usage.ts';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { type Stored, storedDisk, storedMachine } from '../stored-machine.ts';

const home = temporaryDirectory();
const { disks } = locate({ XDG_DATA_HOME: home }, home, 0);
const base = join(disks, 'base-1.qcow2');

beforeEach(() => {
  rmSync(disks, { recursive: true, force: true });
  mkdirSync(disks, { recursive: true });
  writeFileSync(base, 'base');
});

/** A linked clone; its disk may be one that outlived another machine. */
function clone(name: string, file = 'disk0.qcow2'): Stored {
  const disk = storedDisk('disk0', { file, backing: { path: base, format: 'qcow2' } });
  const stored = storedMachine(home, { name, disks: [disk] });
  if (file === 'disk0.qcow2') writeFileSync(join(stored.definition.files.storage, file), `QFI ${base}`);
  return stored;
}

const left = (): string[] => readdirSync(disks).sort();

/** Removes a linked clone. @returns the path of its kept disk. */
async function keepDiskOf(name: string): Promise<string> {
  const { keptDisks } = await removeMachine(clone(name).locations, name);
  expect(keptDisks).toEqual([join(disks, `${name}-disk0.qcow2`), base]);
  return keptDisks[0] ?? '';
}

test('the base of kept disks goes with the last of them', async () => {
  const [one, two] = [await keepDiskOf('one'), await keepDiskOf('two')];
  const { locations } = clone('web', one);
  await removeMachine(locations, 'web', { storage: true });
  expect(existsSync(base)).toBe(true);
  clone('web', two);
  await removeDisk(locations, 'web', 'disk0', { storage: true });
  expect(left()).toEqual([]);
  await removeMachine(locations, 'web');
});

test('the base stays while a machine needs it, or one that cannot be read may need it', async () => {
  const one = await keepDiskOf('one');
  const { locations, definition } = clone('other');
  clone('web', one);
  await removeMachine(locations, 'web', { storage: true });
  expect(left()).toEqual(['base-1.qcow2']);
  writeFileSync(definition.files.spec, '{}');
  await removeMachine(clone('web').locations, 'web', { storage: true });
  expect(left()).toEqual(['base-1.qcow2']);
  await removeMachine(locations, 'other', { storage: true });
});

test('a removal that was interrupted, and is repeated with the storage, leaves nothing', async () => {
  const { locations, definition } = clone('web');
  const spec = join(home, 'spec');
  linkSync(definition.files.spec, spec);
  const disk = join(home, 'disk');
  linkSync(join(definition.files.storage, 'disk0.qcow2'), disk);
  await removeMachine(locations, 'web');
  const again = clone('web').definition.files;
  renameSync(spec, again.spec);
  renameSync(disk, join(again.storage, 'disk0.qcow2'));
  await removeMachine(locations, 'web', { storage: true });
  expect(left()).toEqual([]);
});

test('the base of a disk that is no longer where it was kept is listed, since the disk may have been moved', async () => {
  const moved = join(home, 'moved.qcow2');
  renameSync(await keepDiskOf('one'), moved);
  await removeMachine(clone('web', moved).locations, 'web');
  const { locations } = storedMachine(home, { name: 'web' });
  const listed = async (): Promise<unknown> => (await measureDiskUsage(locations))['kept disks'];
  expect(await listed()).toMatchObject([{ name: 'base-1.qcow2', active: true }]);
  rmSync(moved);
  const problem = 'only a kept disk that was moved to another directory can need it';
  expect(await listed()).toMatchObject([{ name: 'base-1.qcow2', active: false, path: base, problem }]);
  rmSync(base);
  await removeMachine(locations, 'web');
  expect(left()).toEqual([]);
});
