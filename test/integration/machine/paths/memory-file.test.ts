import { existsSync, mkdirSync, readdirSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { claimMemoryFile, hasRoomForMemory } from '../../../../src/machine/paths/memory-file.ts';
import { nameOfOwned, ownIdentity } from '../../../../src/machine/paths/runtime-directory.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { IN_MEMORY, makeTemporaryDirectory } from '../../../directory.ts';

const MiB = 1024 ** 2;
let runtime: string, remove: () => void;
beforeEach(() => {
  ({ path: runtime, remove } = makeTemporaryDirectory(IN_MEMORY, 'm-'));
});
afterEach(() => remove());

test('a guest’s memory is a private file of its size in a runtime directory in memory, until its scope ends', async () => {
  const scope = new Scope();
  const path = (await claimMemoryFile({ runtime }, MiB, scope)) ?? '';
  expect(dirname(dirname(path))).toBe(runtime);
  expect(statSync(path)).toMatchObject({ size: MiB, blocks: 0 });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await scope.close();
  expect(readdirSync(runtime)).toEqual([]);
});

test('the memory takes at most a quarter of the free space, where other guests count with all of theirs', async () => {
  const { bavail, bsize } = statfsSync(runtime);
  const quarter = Math.floor((bavail * bsize) / 4 / MiB) * MiB;
  await using scope = new Scope();
  expect(hasRoomForMemory({ runtime }, quarter - 64 * MiB)).toBe(true);
  expect(hasRoomForMemory({ runtime }, quarter + 64 * MiB)).toBe(false);
  expect(await claimMemoryFile({ runtime }, quarter + 64 * MiB, scope)).toBeUndefined();
  expect(await claimMemoryFile({ runtime }, quarter - 64 * MiB, scope)).toBeDefined();
  expect(hasRoomForMemory({ runtime }, quarter - 64 * MiB)).toBe(false);
});

test('what a killed process left is removed first', async () => {
  const dead = join(runtime, nameOfOwned({ ...ownIdentity(), startTime: 1 }));
  mkdirSync(dead, { mode: 0o700 });
  writeFileSync(join(dead, 'memory'), 'left');
  await using scope = new Scope();
  expect(await claimMemoryFile({ runtime }, MiB, scope)).toBeDefined();
  expect(existsSync(dead)).toBe(false);
});

test('a runtime directory on a disk has no room', async () => {
  const { path: usual, remove: removeUsual } = makeTemporaryDirectory();
  onTestFinished(removeUsual);
  const isTmpfs = statfsSync(usual).type === 0x01021994;
  await using scope = new Scope();
  expect((await claimMemoryFile({ runtime: usual }, MiB, scope)) !== undefined).toBe(isTmpfs);
});
