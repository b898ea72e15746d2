import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { unlessMissing, unlessMissingAsync } from '../../../../src/util/files/unless-missing.ts';

test('a file that is missing, and one below something that is no directory, are undefined', async () => {
  expect(unlessMissing(() => readFileSync('/no/such/file'))).toBeUndefined();
  expect(unlessMissing(() => readFileSync('/dev/null/file'))).toBeUndefined();
  expect(await unlessMissingAsync(readFile('/dev/null/file'))).toBeUndefined();
});

test('other errors pass, and so does one that is not among the codes given', async () => {
  expect(() => unlessMissing(() => readFileSync('/'))).toThrow(/EISDIR/);
  expect(() => unlessMissing(() => readFileSync('/dev/null/file'), ['ENOENT'])).toThrow(/ENOTDIR/);
  await expect(unlessMissingAsync(readFile('/'))).rejects.toThrow(/EISDIR/);
});
