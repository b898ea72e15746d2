import { expect, test } from 'vitest';
import { TestGuests } from '../../../../src/testing/guests/test-guests.ts';

test('a label of any form becomes the valid name of a network, which its members have as a domain', async () => {
  const guests = new TestGuests({ names: [] });
  const nameOf = (label: string): string => guests.network(label).name;
  expect(['lan', 'appNet', 'my net', 'none', 'local', '', '_'].map(nameOf)).toEqual([
    'lan',
    'appnet',
    'my-net',
    'net-none',
    'net-local',
    'guest',
    'guest-2',
  ]);
  expect(nameOf(`${'a'.repeat(31)}-b`)).toBe('a'.repeat(31));
  expect(nameOf(`${'a'.repeat(31)}-c`)).toBe(`${'a'.repeat(30)}-2`);
  expect(guests.network('lan')).toBe(guests.network('lan'));
  await guests.finish(undefined);
});
