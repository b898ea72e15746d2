import { expect, test } from 'vitest';
import { portsOf } from '../../../../page/parts/format.ts';

test.each([
  ['8080:80', ['8080:80']],
  ['8080:80, 443 ', ['8080:80', '443']],
  ['80,443', ['80', '443']],
  [' ', []],
])('ports are separated by spaces or commas: %j', (text, ports) => {
  expect(portsOf(text)).toEqual(ports);
});
