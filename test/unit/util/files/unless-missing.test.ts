import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { unlessMissing, unlessMissingAsync } from '../../../../src/util/files/unless-missing.ts';

test('return undefined for a missing file, and for one below a file', async () => {
  expect(unlessMissing(() => readFileSync('/no/such/file'))).toBeUndefined();
  expect(unlessMissing(() => readFileSync('/dev/null/file'))).toBeUndefined();
  expect(await unlessMissingAsync(readFile('/dev/null/file'))).toBeUndefined();
});

test('pass on other errors, and codes that were not given', async () => {
  expect(() => unlessMissing(() => readFileSync('/'))).toThrow(/EISDIR/);
  expect(() => unlessMissing(() => readFileSync('/dev/null/file'), ['ENOENT'])).toThrow(/ENOTDIR/);
  await expect(unlessMissingAsync(readFile('/'))).rejects.toThrow(/EISDIR/);
});
