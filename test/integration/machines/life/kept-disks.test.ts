import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { ImageStore } from '../../../../src/machines/images/image-store.ts';
import { MachineStore } from '../../../../src/machines/index.ts';
import { unlessMissing } from '../../../../src/util/files/unless-missing.ts';
import { environmentIn, makeTemporaryDirectory } from '../../../directory.ts';

function makeStores() {
  const { path, remove } = makeTemporaryDirectory();
  onTestFinished(remove);
  const image = join(path, 'hang.raw');
  writeFileSync(image, bootSectors.hang);
  // A prune removes unused images of the cache, which other tests need.
  const environment = { ...environmentIn(path), XDG_CACHE_HOME: join(path, 'cache') };
  const { disks } = locate(environment, path, 0);
  return {
    image,
    machines: new MachineStore(environment),
    images: new ImageStore(environment),
    files: (): string[] =>
      (unlessMissing(() => readdirSync(disks)) ?? []).filter((name) => !name.endsWith('.kept')).sort(),
    pathOf: (name: string): string => join(disks, name),
  };
}

it('the disk that was made for a command is removed with its machine, but not with a clone or if it was added', async () => {
  const { image, machines, files } = makeStores();
  const command = { argv: ['true'], env: {}, remove: false };
  const own = { image, net: 'none', memory: '32M', command } as const;
  const machine = await machines.create({ name: 'm', ...own, disks: ['1M'] });
  expect((await machine.disks()).map(({ name, temporary }) => [name, temporary])).toEqual([
    ['disk0', true],
    ['disk1', undefined],
  ]);
  await machine.clone('copied');
  await machine.clone('linked', { linked: true });
  await machines.remove('m');
  const base = expect.stringMatching(/^base-/) as string;
  // The linked clone shares the contents of both disks with the original.
  expect(files()).toEqual([base, base, 'm-disk1.qcow2']);
  await machines.remove('linked');
  await machines.remove('copied');
  expect(files()).toEqual(expect.arrayContaining(['copied-disk0.qcow2', 'linked-disk0.qcow2']));
});

it('a prune deletes kept disks on request, but none that is in use or was not named', async () => {
  const { image, machines, images, files, pathOf } = makeStores();
  const options = { image, net: 'none', memory: '32M' } as const;
  for (const name of ['adopted', 'other', 'later', 'second']) await machines.create({ name, ...options });
  for (const name of ['adopted', 'other', 'second']) await machines.remove(name);
  const adopted = `${pathOf('adopted-disk0.qcow2')},trusted`;
  await machines.create({ name: 'user', image: adopted, adopt: true, net: 'none', memory: '32M' });
  const before = files();

  expect(await images.pruneLeftovers()).toEqual([]);
  const going = await images.pruneLeftovers({ disks: true, dryRun: true });
  expect(going.map(({ name }) => name)).toEqual(['other-disk0.qcow2', 'second-disk0.qcow2']);
  expect((await images.diskUsage())['kept disks'].filter(({ active }) => !active)).toEqual(going);
  expect(files()).toEqual(before);

  await machines.remove('later');
  const only = going.map(({ name }) => name).filter((name) => name !== 'other-disk0.qcow2');
  await images.pruneLeftovers({ disks: true, only });
  expect(files()).toEqual(['adopted-disk0.qcow2', 'later-disk0.qcow2', 'other-disk0.qcow2']);
});
