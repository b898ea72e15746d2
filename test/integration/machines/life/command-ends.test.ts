import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepCommandEnd } from '../../../../src/machines/record/command-ends.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';

const SIZE = 64 * 1024;

it.skipIf(!canMount)('a full disk does not prevent the removal of a machine with a command', async () => {
  await using scope = new Scope();
  const directory = makeTemporaryDirectory();
  scope.defer(directory.remove);
  const state = smallFileSystem(directory.path, String(SIZE), scope);
  writeFileSync(join(state, 'ballast'), Buffer.alloc(SIZE));
  keepCommandEnd({ state }, 'm', { exitCode: 3, signal: undefined, problem: undefined });
  expect(readdirSync(join(state, 'command-ends'))).toEqual([]);
});
