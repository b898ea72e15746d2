import { expect, test } from 'vitest';
import * as z from 'zod';
import { issueWords } from '../../../../src/util/options/issue-words.ts';

test.each<[z.ZodType, unknown, string]>([
  [z.int(), 1.5, 'expected a whole number'],
  [z.number(), 'x', 'expected a number'],
  [z.string(), 5, 'expected text'],
  [z.boolean(), 'yes', 'expected true or false'],
  [z.array(z.string()), 'x', 'expected a list'],
  [z.strictObject({}), 'x', 'expected an object'],
  [z.record(z.string(), z.string()), 'x', 'expected an object'],
  [z.enum(['a', 'b', 'c']), 'd', 'expected a, b or c'],
  [z.literal('a'), 'd', 'expected a'],
  [z.int().min(1), 0, 'expected at least 1'],
  [z.number().positive(), 0, 'expected more than 0'],
  [z.int().max(255), 256, 'expected at most 255'],
  [z.number().lt(5), 5, 'expected less than 5'],
  [z.string().min(1), '', 'must not be empty'],
  [z.string().min(3), 'ab', 'expected at least 3 characters'],
  [z.array(z.string()).max(1), ['a', 'b'], 'expected at most 1 entries'],
  [z.int().multipleOf(512), 5, 'expected a multiple of 512'],
  [z.strictObject({ a: z.string().optional() }), { b: 1 }, 'unknown key: b'],
  [z.strictObject({}), { b: 1, c: 2 }, 'unknown key: b, c'],
  [z.union([z.number(), z.string()]), true, 'expected a number or text'],
  [z.union([z.literal('a'), z.strictObject({ b: z.string() })]), { c: 1 }, 'invalid value'],
  [z.discriminatedUnion('a', [z.object({ a: z.literal('b') })]), { a: 'c' }, 'invalid value'],
  [z.string().regex(/^a/), 'b', 'invalid value'],
  [z.string().regex(/^a/, 'expected an a'), 'b', 'expected an a'],
])('%#: explains the problem', (schema, value, words) => {
  const { error } = schema.safeParse(value, { error: issueWords });
  expect(error?.issues[0]?.message).toBe(words);
});
