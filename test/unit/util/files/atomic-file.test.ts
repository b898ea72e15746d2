import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
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
  const others = [`config.${process.ppid}.new`, 'config.new', `config.x${dead}.new`, `other.${dead}.new`];
  for (const name of [...others, `config.${dead}.new`]) writeFileSync(join(directory.path, name), '');
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
