import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { exchangeFile, replaceFile } from '../../../../src/util/files/atomic-file.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let directory: ReturnType<typeof makeTemporaryDirectory>;
beforeEach(() => {
  directory = makeTemporaryDirectory();
});
afterEach(() => directory.remove());

it('replaces a file and its mode, and leaves no temporary file', () => {
  const path = join(directory.path, 'config');
  writeFileSync(path, 'old');
  replaceFile(path, 'new', 0o640);
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o640);
  expect(readdirSync(directory.path)).toEqual(['config']);
});

it('removes the leftovers of a killed writer, and keeps those of a running one', () => {
  const dead = spawnSync('true').pid;
  const ofUser = ['config.new', `config.${dead}.new`, `config.x${dead}.new`, `config.old.1.${dead}.new`];
  const others = [`config.1.${process.ppid}.new`, ...ofUser, `other.1.${dead}.new`];
  for (const name of [...others, `config.1.${dead}.new`]) writeFileSync(join(directory.path, name), '');
  replaceFile(join(directory.path, 'config'), 'text');
  expect(readdirSync(directory.path).sort()).toEqual(['config', ...others].sort());
});

it('exchanges a file only for one with another text', () => {
  const path = join(directory.path, 'table');
  exchangeFile(path, 'one');
  const { ino } = statSync(path);
  exchangeFile(path, 'one');
  expect(statSync(path).ino).toBe(ino);
  exchangeFile(path, 'two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(statSync(path).ino).not.toBe(ino);
});

it.each<[string, (path: string) => void]>([
  ['a named pipe', (path) => execFileSync('mkfifo', [path])],
  [
    'a link to one with the same text',
    (path) => {
      writeFileSync(`${path}-other`, 'one');
      symlinkSync(`${path}-other`, path);
    },
  ],
  ['a loop of links', (path) => symlinkSync(path, path)],
  [
    'the same text, which others may write',
    (path) => {
      writeFileSync(path, 'one');
      chmodSync(path, 0o666);
    },
  ],
])('exchanges %s, without following or waiting', (_case, plant) => {
  const path = join(directory.path, 'table');
  plant(path);
  exchangeFile(path, 'one');
  expect(readFileSync(path, 'utf8')).toBe('one');
  const found = lstatSync(path);
  expect(found.isFile()).toBe(true);
  expect(found.mode & 0o777).toBe(0o600);
});

it('fails to exchange a directory, and leaves no temporary file', () => {
  const path = join(directory.path, 'table');
  mkdirSync(path);
  expect(() => exchangeFile(path, 'one')).toThrow(/EISDIR.*rename/);
  expect(readdirSync(directory.path)).toEqual(['table']);
});

it('writes through no link that has the name of the temporary file of this process', () => {
  const path = join(directory.path, 'table');
  writeFileSync(join(directory.path, 'theirs'), 'theirs');
  symlinkSync('theirs', `${path}.${process.pid}.new`);
  exchangeFile(path, 'one');
  expect(lstatSync(path).isFile()).toBe(true);
  expect(readFileSync(join(directory.path, 'theirs'), 'utf8')).toBe('theirs');
});
