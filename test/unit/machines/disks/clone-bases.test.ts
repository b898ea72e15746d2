import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { isBaseName, newBase } from '../../../../src/machines/disks/clone-bases.ts';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
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

test('the name of a base has the process that creates it', () => {
  const name = newBase(locate({ XDG_DATA_HOME: home }, home, 0)).slice(disks.length + 1);
  expect(isBaseName(name)).toBe(true);
  expect(isBaseName('base-disk0.qcow2')).toBe(false);
});
