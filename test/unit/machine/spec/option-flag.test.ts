import { expect, it } from 'vitest';
import * as z from 'zod';
import { flagsOf, reworded, withFlag } from '../../../../src/machine/spec/option-flag.ts';

const size = withFlag(z.string(), { flag: '--size <size>', description: 'how large' });

it('an option without a flag has no help', () => {
  expect(flagsOf(z.strictObject({ size, log: z.string() })).map(({ option }) => option)).toEqual(['size']);
});

it.each([
  ['text', z.string()],
  ['number', z.int().min(1)],
  ['switch', z.boolean()],
  ['texts', z.array(z.string()).readonly()],
] as const)('the value of a flag is a %s by its schema', (value, schema) => {
  const wrapped = withFlag(schema, { flag: '--it', description: 'it' }).optional();
  expect(flagsOf(z.strictObject({ it: wrapped }))[0]?.value).toBe(value);
});

it('the choices are those of the schema', () => {
  const kind = withFlag(z.enum(['a', 'b']), { flag: '--kind <kind>', description: 'which' }).default('b');
  expect(flagsOf(z.strictObject({ kind }))).toEqual([
    {
      option: 'kind',
      flag: '--kind <kind>',
      description: 'which (default: b)',
      value: 'text',
      choices: ['a', 'b'],
    },
  ]);
});

it('a default is shown once, in words if it has a description', () => {
  const described = (schema: z.ZodType) => flagsOf(z.strictObject({ schema }))[0]?.description;
  expect(described(size)).toBe('how large');
  expect(described(size.default('2G'))).toBe('how large (default: 2G)');
  expect(described(reworded(size.default('2G'), { otherwise: 'all' }))).toBe('how large (default: all)');
  expect(described(reworded(size.optional(), { description: 'its size' }))).toBe('its size');
  expect(described(withFlag(z.boolean().default(false), { flag: '--x', description: 'x' }))).toBe('x');
});

it('rewording an option does not change it elsewhere', () => {
  reworded(size.optional(), { description: 'its size' });
  expect(flagsOf(z.strictObject({ size }))[0]?.description).toBe('how large');
});
