import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { PermissionError } from '../../../../src/errors/index.ts';
import { makeDirectories } from '../../../../src/util/files/make-directories.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

function refusal(path: string): string {
  try {
    makeDirectories(path);
  } catch (error) {
    expect(error).toBeInstanceOf(PermissionError);
    return (error as Error).message;
  }
  return 'none';
}

it('creates missing directories for this user only, and accepts existing ones', () => {
  const path = join(directory, 'a', 'b', 'c');
  makeDirectories(path);
  for (const one of ['a', 'a/b', 'a/b/c']) expect(statSync(join(directory, one)).mode & 0o7777).toBe(0o700);
  makeDirectories(path);
  symlinkSync('a', join(directory, 'link'));
  makeDirectories(join(directory, 'link', 'b', 'd'));
  expect(statSync(join(directory, 'a', 'b', 'd')).isDirectory()).toBe(true);
});

// Node’s own recursive mkdir does not return here.
test('fails at once in a file system without directories', () => {
  expect(refusal('/proc/vmlet/machines')).toBe(
    'cannot create directory /proc/vmlet: /proc does not allow new directories',
  );
  expect(refusal('/sys/vmlet/machines')).toMatch(/^cannot create directory \/sys\/vmlet: /);
});

test('the error names the obstacle', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(refusal(file)).toBe(`cannot create directory ${file}: the path exists, but is not a directory`);
  expect(refusal(join(file, 'below'))).toBe(
    `cannot create directory ${join(file, 'below')}: a part of ${file} is not a directory`,
  );
  const nowhere = join(directory, 'nowhere');
  symlinkSync('gone', nowhere);
  expect(refusal(join(nowhere, 'below'))).toBe(
    `cannot create directory ${nowhere}: the path exists, but is not a directory`,
  );
});

const isRoot = process.getuid?.() === 0;
if (isRoot) process.stderr.write('skipped: root may write to every directory\n');
test.skipIf(isRoot)('a directory that is closed to this user is named', () => {
  const closed = join(directory, 'closed');
  mkdirSync(closed, { mode: 0o500 });
  expect(refusal(join(closed, 'x', 'y'))).toBe(
    `cannot create directory ${join(closed, 'x')}: permission denied: ${closed}`,
  );
});
