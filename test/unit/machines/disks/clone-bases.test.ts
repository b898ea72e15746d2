import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { isBaseName, newBase, recordBase } from '../../../../src/machines/disks/clone-bases.ts';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
import { machineNames } from '../../../../src/machines/record/definition.ts';
import type { StoredDisk } from '../../../../src/machines/spec/machine-spec.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedDisk, storedMachine } from '../stored-machine.ts';

const home = temporaryDirectory();
const { disks } = locate({ XDG_DATA_HOME: home }, home, 0);

beforeEach(() => {
  rmSync(disks, { recursive: true, force: true });
  mkdirSync(disks, { recursive: true });
});

test.each(['base', 'base-web'])('a kept disk of machine "%s" is no base of linked clones', async (name) => {
  const { definition, locations } = storedMachine(home, { name, disks: [storedDisk('disk0')] });
  writeFileSync(join(definition.files.storage, 'disk0.qcow2'), 'data');
  const { keptDisks } = await removeMachine(locations, name);
  expect(keptDisks).toEqual([join(disks, `${name}-disk0.qcow2`)]);
  // The removal has swept bases that nothing uses.
  expect(keptDisks.map((path) => existsSync(path))).toEqual([true]);
});

/** A base of a process before the last boot, and the disk of a linked clone that names it by this path of the store. */
function linkedDisk(data: string): { readonly base: string; readonly disk: StoredDisk } {
  const name = basename(newBase(locate({ XDG_DATA_HOME: home }, home, 0))).replace(
    /^base-\w{8}/,
    'base-00000000',
  );
  const base = join(disks, name);
  writeFileSync(base, 'data');
  const path = join(locate({ XDG_DATA_HOME: data }, home, 0).disks, name);
  return { base, disk: storedDisk('disk0', { backing: { path, format: 'qcow2' } }) };
}

test('a base stays while a disk names it by another path of the store', async () => {
  const link = join(home, 'link');
  symlinkSync('.', link);
  const { base, disk } = linkedDisk(link);
  const { locations, definition } = storedMachine(home, { name: 'clone', disks: [disk] });
  writeFileSync(join(definition.files.storage, 'disk0.qcow2'), 'data');
  storedMachine(home, { name: 'other', id: '76543210' });
  await removeMachine(locations, 'other', { storage: true });
  expect(existsSync(base)).toBe(true);
  const { keptDisks } = await removeMachine(locations, 'clone');
  expect(keptDisks).toEqual([join(disks, 'clone-disk0.qcow2'), base]);
  expect(existsSync(base)).toBe(true);
});

test('a base is removed with the last disk that is based on it', async () => {
  const { base, disk } = linkedDisk(home);
  const { locations } = storedMachine(home, { name: 'clone', disks: [disk] });
  await removeMachine(locations, 'clone', { storage: true });
  expect(existsSync(base)).toBe(false);
});

test('a base of machines that are not mounted stays when another machine is removed', async () => {
  const { base } = linkedDisk(home);
  const { locations } = storedMachine(home, { name: 'other', id: '76543210' });
  await removeMachine(locations, 'other', { storage: true });
  expect(existsSync(base)).toBe(true);
});

test('a recorded base that no disk is based on is removed with the next machine', async () => {
  const { base } = linkedDisk(home);
  const { locations } = storedMachine(home, { name: 'other', id: '76543210' });
  recordBase(base, locations);
  await removeMachine(locations, 'other', { storage: true });
  expect(existsSync(base)).toBe(false);
  expect(readdirSync(join(locations.machines, '.bases'))).toEqual([]);
});

test.each([
  ['clone', 'origin'],
  ['origin', 'clone'],
])('a base without a record is removed with the second of %s and %s', async (first, second) => {
  const { base, disk } = linkedDisk(home);
  const { locations } = storedMachine(home, { name: first, disks: [disk] });
  storedMachine(home, { name: second, id: '76543210', disks: [disk] });
  await removeMachine(locations, first, { storage: true });
  expect(existsSync(base)).toBe(true);
  await removeMachine(locations, second, { storage: true });
  expect(existsSync(base)).toBe(false);
});

test('a recorded base of a machine that was broken is removed once all definitions can be read', async () => {
  const { base, disk } = linkedDisk(home);
  const { locations, definition } = storedMachine(home, { name: 'clone', disks: [disk] });
  recordBase(base, locations);
  writeFileSync(definition.files.spec, '{');
  storedMachine(home, { name: 'other', id: '76543210' });
  await removeMachine(locations, 'other', { storage: true });
  expect(existsSync(base)).toBe(true);
  await removeMachine(locations, 'clone', { storage: true });
  expect(existsSync(base)).toBe(false);
});

test('a machine whose directory is a symbolic link counts as one, and is not removed', async () => {
  const { base, disk } = linkedDisk(home);
  const { locations, definition } = storedMachine(home, { name: 'clone', disks: [disk] });
  const { directory } = definition.files;
  const moved = join(home, 'moved');
  renameSync(directory, moved);
  symlinkSync(moved, directory);
  expect(machineNames(locations)).toContain('clone');
  storedMachine(home, { name: 'other', id: '76543210' });
  await removeMachine(locations, 'other', { storage: true });
  expect(existsSync(base)).toBe(true);
  await expect(removeMachine(locations, 'clone', { storage: true, force: true })).rejects.toMatchObject({
    message: `machine: "clone" was not removed: ${directory} is a symbolic link`,
  });
  expect(existsSync(join(directory, 'spec.json'))).toBe(true);
  // Its file system may not be mounted.
  rmSync(moved, { recursive: true });
  await expect(removeMachine(locations, 'clone')).rejects.toThrow('is a symbolic link');
  rmSync(directory);
});

test('the name of a base has the process that creates it', () => {
  const name = newBase(locate({ XDG_DATA_HOME: home }, home, 0)).slice(disks.length + 1);
  expect(isBaseName(name)).toBe(true);
  expect(isBaseName('base-disk0.qcow2')).toBe(false);
});
