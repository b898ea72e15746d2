import { expect, test } from 'vitest';
import { exactBytes, portsOf } from '../../../../page/parts/format.ts';

test.each([
  ['8080:80', ['8080:80']],
  ['8080:80, 443 ', ['8080:80', '443']],
  ['80,443', ['80', '443']],
  [' ', []],
])('ports are separated by spaces or commas: %j', (text, ports) => {
  expect(portsOf(text)).toEqual(ports);
});

test.each([
  [2 * 2 ** 30, '2G'],
  [1536 * 2 ** 20, '1536M'],
  [3 * 2 ** 40, '3T'],
  [5 * 2 ** 50, '5120T'],
  [2 ** 20 + 2 ** 10, '1025K'],
  [1000, '1000'],
  [0, '0'],
])('a size keeps every byte: %d is %s', (value, text) => {
  expect(exactBytes(value)).toBe(text);
});
