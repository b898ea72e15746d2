import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { claimMemoryFile, hasRoomForMemory } from '../../../../src/machine/paths/memory-file.ts';
import type { Locations } from '../../../../src/machine/paths/locations.ts';
import { nameOfOwned, ownIdentity } from '../../../../src/machine/paths/runtime-directory.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { IN_MEMORY, makeTemporaryDirectory } from '../../../directory.ts';

const MiB = 1024 ** 2;
/** The sources are no files in memory. */
const ON_DISK = import.meta.dirname;
let runtime: string, remove: () => void;
let places: Pick<Locations, 'runtime' | 'sharedMemory'>;
beforeEach(() => {
  ({ path: runtime, remove } = makeTemporaryDirectory(IN_MEMORY, 'm-'));
  places = { runtime, sharedMemory: join(ON_DISK, 'none') };
});
afterEach(() => remove());

test('a guest’s memory is a private file of its size in a runtime directory in memory, until its scope ends', async () => {
  const scope = new Scope();
  const path = (await claimMemoryFile(places, MiB, scope)) ?? '';
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
  expect(hasRoomForMemory(places, quarter - 64 * MiB)).toBe(true);
  expect(hasRoomForMemory(places, quarter + 64 * MiB)).toBe(false);
  expect(await claimMemoryFile(places, quarter + 64 * MiB, scope)).toBeUndefined();
  expect(await claimMemoryFile(places, quarter - 64 * MiB, scope)).toBeDefined();
  expect(hasRoomForMemory(places, quarter - 64 * MiB)).toBe(false);
});

test('what a killed process left is removed first', async () => {
  const dead = join(runtime, nameOfOwned({ ...ownIdentity(), startTime: 1 }));
  mkdirSync(dead, { mode: 0o700 });
  writeFileSync(join(dead, 'memory'), 'left');
  await using scope = new Scope();
  expect(await claimMemoryFile(places, MiB, scope)).toBeDefined();
  expect(existsSync(dead)).toBe(false);
});

describe('with a runtime directory on a disk', () => {
  it('has no room in any other directory on a disk', async () => {
    await using scope = new Scope();
    const onDisk = { runtime: ON_DISK, sharedMemory: join(ON_DISK, 'none') };
    expect(await claimMemoryFile(onDisk, MiB, scope)).toBeUndefined();
  });

  it('uses shared memory, and leaves no directory there', async () => {
    const sharedMemory = join(runtime, 'shared');
    const onDisk = { runtime: ON_DISK, sharedMemory };
    const [scope, other] = [new Scope(), new Scope()];
    const path = (await claimMemoryFile(onDisk, MiB, scope)) ?? '';
    expect(dirname(dirname(path))).toBe(sharedMemory);
    expect(statSync(sharedMemory).mode & 0o777).toBe(0o700);
    expect(await claimMemoryFile(onDisk, MiB, other)).toBeDefined();
    await scope.close();
    expect(readdirSync(sharedMemory)).toHaveLength(1);
    await other.close();
    expect(readdirSync(runtime)).toEqual([]);
  });

  it('uses no shared memory that others can reach', async () => {
    const sharedMemory = join(runtime, 'shared');
    mkdirSync(sharedMemory, { mode: 0o755 });
    // Another user's may have entries that cannot be read, or links in a circle.
    symlinkSync('circle', join(sharedMemory, 'circle'));
    const onDisk = { runtime: ON_DISK, sharedMemory };
    expect(hasRoomForMemory(onDisk, MiB)).toBe(false);
    await using scope = new Scope();
    expect(await claimMemoryFile(onDisk, MiB, scope)).toBeUndefined();
  });
});
