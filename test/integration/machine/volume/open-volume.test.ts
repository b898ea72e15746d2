import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VolumeInUseError } from '../../../../src/errors/index.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { holdVolumes } from '../../../../src/machine/volume/open-volume.ts';
import { volumeFiles } from '../../../../src/machine/volume/volume-files.ts';
import { findVolume, processesUsing } from '../../../../src/machine/volume/volume.ts';
import { removeVolume } from '../../../../src/machines/disks/remove-volumes.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const locations = ownLocations({
  XDG_DATA_HOME: directory,
  XDG_RUNTIME_DIR: directory,
  XDG_CACHE_HOME: directory,
  HOME: directory,
});
const db = { name: 'db', sizeBytes: 16 * 1024 ** 2, owner: { uid: 0, gid: 0 } };

it('a volume is not removed while a machine with it is being made', async () => {
  const scope = new Scope();
  await holdVolumes(locations, [db], scope, undefined);
  await expect(removeVolume(locations, 'db')).rejects.toThrow(VolumeInUseError);
  expect(findVolume(locations, 'db')).toBeDefined();
  await scope.close();
  await removeVolume(locations, 'db');
  expect(findVolume(locations, 'db')).toBeUndefined();
});

it('a volume whose disk alone was copied here can be used', async () => {
  await using scope = new Scope();
  await holdVolumes(locations, [db], scope, undefined);
  await scope.close();
  const { users } = volumeFiles(locations, 'db');
  rmSync(users, { recursive: true });
  await using again = new Scope();
  await holdVolumes(locations, [db], again, undefined);
  expect(processesUsing(users)).toEqual([process.pid]);
});
