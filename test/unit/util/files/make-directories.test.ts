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

it('makes what is missing for this user alone, and takes what is there', () => {
  const path = join(directory, 'a', 'b', 'c');
  makeDirectories(path);
  for (const one of ['a', 'a/b', 'a/b/c']) expect(statSync(join(directory, one)).mode & 0o7777).toBe(0o700);
  makeDirectories(path);
  symlinkSync('a', join(directory, 'link'));
  makeDirectories(join(directory, 'link', 'b', 'd'));
  expect(statSync(join(directory, 'a', 'b', 'd')).isDirectory()).toBe(true);
});

// Node's own recursive mkdir never returns here.
test('where the kernel has no place for directories, that is said at once', () => {
  expect(refusal('/proc/vmlet/machines')).toBe(
    'the directory /proc/vmlet cannot be made: /proc is no place for directories',
  );
  expect(refusal('/sys/vmlet/machines')).toMatch(/^the directory \/sys\/vmlet cannot be made: /);
});

test('what is in the way is named', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(refusal(file)).toBe(`the directory ${file} cannot be made: something else has its name`);
  expect(refusal(join(file, 'below'))).toBe(
    `the directory ${join(file, 'below')} cannot be made: ${file} is no directory`,
  );
  const nowhere = join(directory, 'nowhere');
  symlinkSync('gone', nowhere);
  expect(refusal(join(nowhere, 'below'))).toBe(
    `the directory ${nowhere} cannot be made: something else has its name`,
  );
});

const isRoot = process.getuid?.() === 0;
if (isRoot) process.stderr.write('skipped: root may write to every directory\n');
test.skipIf(isRoot)('a directory that is closed to this user is named', () => {
  const closed = join(directory, 'closed');
  mkdirSync(closed, { mode: 0o500 });
  expect(refusal(join(closed, 'x', 'y'))).toBe(
    `the directory ${join(closed, 'x')} cannot be made: this user may not make one in ${closed}`,
  );
});
