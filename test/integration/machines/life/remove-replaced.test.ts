import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { ReplacedError } from '../../../../src/errors/index.ts';
import { MachineStore } from '../../../../src/machines/index.ts';
import { lockDirectory } from '../../../../src/machines/lock/machine-lock.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { environmentIn, temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const image = join(directory, 'hang.raw');
writeFileSync(image, bootSectors.hang);

it('a removal by force does not kill another machine that has got the name', async () => {
  const store = new MachineStore(environmentIn(directory));
  const machine = await store.create({ name: 'm', image, net: 'none', memory: '32M', accel: 'tcg' });
  try {
    await machine.start();
    // As a start that waits for the guest does.
    await using scope = new Scope();
    await lockDirectory('m', machine.files, 'starting it', scope);
    await expect(store.remove('m', { force: true, id: 'earlier' })).rejects.toThrow(ReplacedError);
    expect(machine.status().kind).toBe('running');
  } finally {
    await store.remove('m', { force: true, storage: true });
  }
});
