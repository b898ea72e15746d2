import { describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseOptions } from '../../../../src/util/options/parse-options.ts';
import { recordOf } from '../../../../src/util/options/record-of.ts';

// Created for each test: an error in creating it fails one.
const schemaOf = () =>
  z.strictObject({
    size: z.int().optional(),
    name: z.string().optional(),
    files: z.array(z.strictObject({ path: z.string(), mode: z.int().max(7).default(0) })).default([]),
    labels: recordOf(z.string(), z.string()).default({}),
  });

function refusal(options: object): InvalidInputError {
  try {
    parseOptions(schemaOf(), options, 'thing');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('nothing was refused');
}

it('treats undefined as not given', () => {
  expect(parseOptions(schemaOf(), { size: undefined, nothing: undefined, labels: { a: 'b' } })).toEqual({
    files: [],
    labels: { a: 'b' },
  });
});

test.each([
  [{ size: 1.5 }, 'size: 1.5: '],
  [{ size: 5n }, 'size: 5n: '],
  [{ name: ['a'] }, "name: [ 'a' ]: "],
  [{ files: [{ path: '/a' }, { path: '/b', mode: 8 }] }, 'files[1].mode: 8: '],
  [{ files: [{}] }, 'files[0].path: expected text'],
  [{ labels: { a: 5 } }, 'labels.a: 5: '],
])('names the field and its value: %o', (options, message) => {
  expect(refusal(options).message).toContain(message);
});

it('lists the options if one is misspelt', () => {
  expect(refusal({ sizes: 1 })).toMatchObject({
    message: 'sizes: unknown option',
    hint: 'known options: size, name, files, labels',
  });
  expect(refusal({ files: [{ path: '/a', owner: 'x', group: 'y' }] })).toMatchObject({
    message: 'files[0].owner, files[0].group: unknown option',
    hint: 'known options: path, mode',
  });
});

it('rejects __proto__, which zod drops, and accepts similar names', () => {
  const labels = Object.fromEntries([['__proto__', 'x']]);
  expect(refusal({ labels }).message).toContain('labels.__proto__: "x": invalid name');
  const taken = { constructor: 'a', toString: 'b' };
  expect(parseOptions(schemaOf(), { labels: taken }).labels).toEqual(taken);
});

describe('an invalid combination', () => {
  const pair = z.looseObject({}).refine(() => false, 'one of the two is missing');

  it('names the options', () => {
    expect(() => parseOptions(pair, { a: 1 }, 'thing')).toThrow('thing: one of the two is missing');
    expect(() => parseOptions(pair, { a: 1 })).toThrow('options: one of the two is missing');
  });

  it('has no cause: test runners print all of zod’s error', () => {
    expect(refusal({ size: 1.5 })).not.toHaveProperty('cause');
    expect(refusal({ sizes: 1 })).not.toHaveProperty('cause');
  });
});

it.each([null, 5, 'micro', [], undefined])('rejects %o, which is not an object', (options) => {
  expect(refusal(options as unknown as object).message).toMatch(/^thing: .+: expected an object$/);
});

it('shows the value on one line, however long', () => {
  const name = Array.from({ length: 60 }, (_, index) => `word ${index}`);
  expect(refusal({ name }).message).not.toContain('\n');
});

it.each([null, 5, 'text'])('shows no value of a field that %j cannot have', (outer) => {
  const schema = z.looseObject({}).superRefine((_, context) => {
    context.addIssue({ code: 'custom', path: ['outer', 'inner'], message: 'is wrong' });
  });
  expect(() => parseOptions(schema, { outer })).toThrow('outer.inner: is wrong');
});

it('lists no options if any name is valid', () => {
  const inner = z.strictObject({ a: z.string() }).optional();
  const schema = z.strictObject({ all: z.record(z.string(), z.strictObject({ inner })) });
  const failure = (one: object) => {
    try {
      return parseOptions(schema, { all: { one } });
    } catch (error) {
      return error;
    }
  };
  expect(failure({ b: 'y' })).toMatchObject({ message: 'all.one.b: unknown option', hint: undefined });
  expect(failure({ inner: { a: 'x', b: 'y' } })).toMatchObject({
    message: 'all.one.inner.b: unknown option',
    hint: undefined,
  });
});

it.each([null, undefined, 5, 'text', []])('%j is not a record', (data) => {
  expect(recordOf(z.string(), z.string()).safeParse(data).success).toBe(false);
});
