import { expect, it, test } from 'vitest';
import * as z from 'zod';
import { InvalidInputError } from '../../../src/errors/index.ts';
import { parseOptions } from '../../../src/util/options.ts';
import { recordOf } from '../../../src/util/record-of.ts';

const schema = z.strictObject({
  size: z.int().optional(),
  name: z.string().optional(),
  files: z.array(z.strictObject({ path: z.string(), mode: z.int().max(7).default(0) })).default([]),
  labels: recordOf(z.string(), z.string()).default({}),
});

function refusal(options: object): InvalidInputError {
  try {
    parseOptions(schema, options, 'thing');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('nothing was refused');
}

it('takes what is undefined as not given', () => {
  expect(parseOptions(schema, { size: undefined, nothing: undefined, labels: { a: 'b' } })).toEqual({
    files: [],
    labels: { a: 'b' },
  });
});

test.each([
  [{ size: 1.5 }, 'size: 1.5: '],
  [{ size: 5n }, 'size: 5n: '],
  [{ name: ['a'] }, "name: [ 'a' ]: "],
  [{ files: [{ path: '/a' }, { path: '/b', mode: 8 }] }, 'files[1].mode: 8: '],
  [{ files: [{}] }, 'files[0].path: Invalid input: expected string'],
  [{ labels: { a: 5 } }, 'labels.a: 5: '],
])('names the field and what it held: %o', (options, message) => {
  expect(refusal(options).message).toContain(message);
});

it('says which options there are, where one is misspelt', () => {
  expect(refusal({ sizes: 1 })).toMatchObject({
    message: 'sizes: is not an option',
    hint: 'known options: size, name, files, labels',
  });
  expect(refusal({ files: [{ path: '/a', owner: 'x', group: 'y' }] })).toMatchObject({
    message: 'files[0].owner, files[0].group: is not an option',
    hint: 'known options: path, mode',
  });
});

it('refuses a name that would be a prototype, which zod drops, and takes others that look like it', () => {
  const labels = Object.fromEntries([['__proto__', 'x']]);
  expect(refusal({ labels }).message).toContain('labels.__proto__: "x": cannot be a name here');
  const taken = { constructor: 'a', toString: 'b' };
  expect(parseOptions(schema, { labels: taken }).labels).toEqual(taken);
});
