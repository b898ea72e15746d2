import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { MachineFiles } from '../../../../src/machines/record/machine-files.ts';
import { endLostRun } from '../../../../src/machines/recovery/lost-run.ts';
import { directoryMark } from '../../../../src/machines/recovery/store-mark.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const other = join(directory, 'other');
const link = join(directory, 'link');
mkdirSync(other);
symlinkSync(join(directory, 'vmlet/machines'), link);
let files: MachineFiles;

/** A machine whose keeper was that of an earlier boot, or of another host. */
beforeEach(() => {
  ({ files } = storedMachine(directory).definition);
  const record = { version: 1, bootId: 'another', keeper: { pid: 1, startTime: 1 }, qemu: null, helpers: {} };
  writeFileSync(files.run, JSON.stringify({ ...record, state: 'running', startedAt: 1000 }));
  mkdirSync(files.sockets, { recursive: true });
});

it.each([
  ['another store', other, true],
  ['this store', join(directory, 'vmlet/machines'), false],
  ['this store by another path', link, false],
])('what a lost run leaves of the sockets of %s', async (_, machines, stay) => {
  const mark = directoryMark(files.sockets, { machines });
  writeFileSync(mark.path, mark.text);
  await endLostRun(files);
  expect(existsSync(files.sockets)).toBe(stay);
});

it('a lost run without a mark leaves no sockets', async () => {
  await endLostRun(files);
  expect(existsSync(files.sockets)).toBe(false);
});
