import { expect, it } from 'vitest';
import { compilePattern, fill, placeholdersOf } from '../../../../src/images/catalogue/entry-template.ts';

it('finds and fills words in braces', () => {
  expect(placeholdersOf('https://x/{arch}/{build}.{arch}')).toEqual(['arch', 'build', 'arch']);
  expect(fill('{arch}/{build}/{}/{A}', { arch: 'amd64' })).toBe('amd64/{build}/{}/{A}');
});

it('quotes words in a pattern', () => {
  const pattern = compilePattern('^{arch}-(?<build>[0-9]{8})$', { arch: 'x86.64' });
  expect(pattern.exec('x86.64-20261001')?.groups).toEqual({ build: '20261001' });
  expect(pattern.test('x86-64-20261001')).toBe(false);
});

it('leaves an unknown placeholder as it is written', () => {
  expect(compilePattern('^{arch}$', {}).test('{arch}')).toBe(true);
});

it('rejects an invalid regular expression', () => {
  expect(() => compilePattern('(', {})).toThrow(SyntaxError);
});
