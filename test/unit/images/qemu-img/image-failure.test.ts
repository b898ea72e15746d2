import { expect, test } from 'vitest';
import { imageFailure } from '../../../../src/images/qemu-img/image-failure.ts';

const missing = (path: string): string =>
  `qemu-img: Could not open '${path}': Could not open '${path}': No such file or directory`;
const missingBase = (path: string): string =>
  `qemu-img: Could not open '${path}': Could not open backing file: Could not open '/it's a base': No such file or directory`;

const HERE = import.meta.filename;

test.each([
  ['an image', missing('/a b'), '/a b', 'disk: no such file: /a b'],
  ['a backing file', missingBase(HERE), HERE, `disk: no such file: /it's a base (${HERE} is based on it)`],
  ['a base of another file', missingBase('/layer'), '/new', "disk: no such file: /it's a base"],
  [
    'no space',
    'qemu-img: /a: error while writing: No space left on device',
    '/a',
    'no space left on device: /a',
  ],
  ['a read-only place', "Could not create '/a': Read-only file system", '/a', 'read-only file system: /a'],
  ['no permission', "Could not open '/a': Permission denied", '/a', 'permission denied: /a'],
])('%s is named', async (_what, words, path, message) => {
  const cause = new Error(words);
  expect(await imageFailure(words, [path], cause)).toMatchObject({ message, cause });
});

test('other messages stay as they are', async () => {
  expect(await imageFailure('Unknown option', ['/a'], undefined)).toBeUndefined();
});
