import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Scope } from '../../../src/util/scope.ts';
import { MemoryFile, fitsInMemory } from '../../../src/template/kept/memory-file.ts';
import { makeTemporaryDirectory, temporaryDirectory } from '../../directory.ts';

const directory = temporaryDirectory();

test('a memory file has no name once QEMU has opened it, and can still be read', async () => {
  const parent = join(directory, 'memory');
  const scope = new Scope();
  const memory = await MemoryFile.create({ memory: parent }, scope);
  expect(statSync(memory.path).mode & 0o777).toBe(0o600);
  writeFileSync(memory.path, 'of the guest');
  await memory.unlink();
  expect(readdirSync(join(memory.path, '..'))).toEqual([]);
  expect(readFileSync(memory.source, 'utf8')).toBe('of the guest');
  await scope.close();
  expect(readdirSync(parent)).toEqual([]);
});

test('memory fits into half of a file system in memory, in a private directory', () => {
  const { path, remove } = makeTemporaryDirectory('/dev/shm');
  try {
    const memory = join(path, 'vmlet');
    expect(fitsInMemory({ memory }, 4096)).toBe(true);
    expect(statSync(memory).mode & 0o777).toBe(0o700);
    expect(fitsInMemory({ memory }, Number.MAX_SAFE_INTEGER)).toBe(false);
    mkdirSync(join(path, 'open'), { mode: 0o755 });
    expect(fitsInMemory({ memory: join(path, 'open') }, 4096)).toBe(false);
  } finally {
    remove();
  }
  expect(fitsInMemory({ memory: join(directory, 'on a disk') }, 4096)).toBe(false);
  expect(fitsInMemory({ memory: '/missing/vmlet' }, 4096)).toBe(false);
});
