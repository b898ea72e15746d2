import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MachineBusyError } from '../../../../src/errors/index.ts';
import { lockDirectory } from '../../../../src/machines/lock/machine-lock.ts';
import type { MachineFiles } from '../../../../src/machines/record/machine-files.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let place: ReturnType<typeof makeTemporaryDirectory>;
let files: MachineFiles;
beforeEach(() => {
  place = makeTemporaryDirectory();
  const directory = join(place.path, 'web');
  files = { directory, lock: join(directory, 'lock') } as MachineFiles;
  mkdirSync(directory);
  writeFileSync(files.lock, '');
});
afterEach(() => place.remove());

async function refusal(): Promise<string> {
  await using scope = new Scope();
  try {
    await lockDirectory('web', files, 'starting it', scope);
    return 'locked';
  } catch (error) {
    return error instanceof MachineBusyError ? error.message : String(error);
  }
}

it('names the holder of a lock, and no earlier one with a longer purpose', async () => {
  const busy = `machine "web" is busy: process ${process.pid} is`;
  {
    await using scope = new Scope();
    await lockDirectory('web', files, 'restoring a snapshot of it', scope);
    expect(await refusal()).toBe(`${busy} restoring a snapshot of it`);
  }
  await using scope = new Scope();
  await lockDirectory('web', files, 'removing it', scope);
  expect(await refusal()).toBe(`${busy} removing it`);
});
