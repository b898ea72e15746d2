import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NoSpaceError } from '../../../../src/errors/index.ts';
import { writeSeedDisk } from '../../../../src/machine/plan/seed-disk.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { canMount, smallFileSystem } from '../small-file-system.ts';

it.skipIf(!canMount)('a seed without enough space leaves nothing', async () => {
  const directory = makeTemporaryDirectory();
  try {
    await using scope = new Scope();
    const small = smallFileSystem(directory.path, '64k', scope);
    const written = writeSeedDisk(join(small, 'seed'), {
      ...{ seed: undefined, guest: undefined, instanceId: 'i-1', hostname: 'web', macAddress: undefined },
    });
    await expect(written).rejects.toThrow(NoSpaceError);
    await expect(written).rejects.toThrow(`no space left on device: ${small}/seed`);
    expect(readdirSync(small)).toEqual([]);
  } finally {
    directory.remove();
  }
});
