import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { NoSpaceError } from '../../../../src/errors/index.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { forgetSnapshot, readLineage, recordTaken } from '../../../../src/machines/record/snapshot-record.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';

const SIZE = 64 * 1024;

it.skipIf(!canMount)('a full disk does not stop the removal of a snapshot', async () => {
  await using scope = new Scope();
  const parent = makeTemporaryDirectory();
  scope.defer(parent.remove);
  const directory = smallFileSystem(parent.path, String(SIZE), scope);
  const definition = {
    files: { directory, snapshots: join(directory, 'snapshots.json') },
  } as unknown as Definition;
  recordTaken(definition, 'old');
  const before = readLineage(definition);
  const ballast = join(directory, 'ballast');
  expect(() => writeFileSync(ballast, Buffer.alloc(SIZE))).toThrow('ENOSPC');
  expect(() => recordTaken(definition, 'next')).toThrow(NoSpaceError);
  forgetSnapshot(definition, 'old');
  expect(readLineage(definition)).toEqual(before);
  rmSync(ballast);
  forgetSnapshot(definition, 'old');
  expect(readLineage(definition)).not.toEqual(before);
});
