import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeDisk } from '../../../../src/machines/disks/disks.ts';
import { readDefinition } from '../../../../src/machines/record/definition.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedDisk, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

it('a paused machine keeps its disks, which its guest cannot release', async () => {
  const stored = storedMachine(directory, { disks: [storedDisk('disk0')] });
  countAsRunning(stored, { disks: [{ nodeName: 'disk0' }] }, 'paused');
  await expect(removeDisk(stored.locations, 'web', 'disk0')).rejects.toMatchObject({
    code: 'VMLET_MACHINE_STATE',
    message: 'machine "web" is paused, so its guest cannot release its disk',
    hint: 'resume it first: vmlet resume web; or stop it: vmlet stop web',
  });
  expect(readDefinition(stored.locations, 'web').spec.disks).toHaveLength(1);
});

it('a removal that cannot be recorded leaves no second name of the disk', async () => {
  const { locations, definition } = storedMachine(directory, { disks: [storedDisk('disk0')] });
  const { files } = definition;
  writeFileSync(join(files.storage, 'disk0.qcow2'), 'data');
  const failing = {
    ...locations,
    // Needed between the second name and the definition, which no file can replace then.
    get disks() {
      rmSync(files.spec, { recursive: true });
      mkdirSync(files.spec);
      return locations.disks;
    },
  };
  await expect(removeDisk(failing, 'web', 'disk0')).rejects.toThrow('EISDIR');
  expect(readdirSync(locations.disks)).toEqual([]);
  expect(readdirSync(files.storage)).toEqual(['disk0.qcow2']);
});

it('a disk whose file is missing can be removed', async () => {
  const disks = [storedDisk('disk0'), storedDisk('disk1', { file: join(directory, 'adopted.qcow2') })];
  const { locations } = storedMachine(directory, { disks });
  expect(await removeDisk(locations, 'web', 'disk0')).toEqual([]);
  expect(await removeDisk(locations, 'web', 'disk1')).toEqual([]);
  expect(readDefinition(locations, 'web').spec.disks).toEqual([]);
});
