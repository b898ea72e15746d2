import { expect, it } from 'vitest';
import { macSchema } from '../../../../src/network/card/mac-address.ts';

it.each([
  ['52:54:00:12:34:56', '52:54:00:12:34:56'],
  ['0E:AB:CD:EF:00:9F', '0e:ab:cd:ef:00:9f'],
  ['00:00:00:00:00:01', '00:00:00:00:00:01'],
])('%s is an address of one card, in either case', (text, address) => {
  expect(macSchema.parse(text)).toBe(address);
});

it.each([
  ['zero', '00:00:00:00:00:00'],
  ['multicast', '01:00:5e:00:00:01'],
  ['broadcast', 'ff:ff:ff:ff:ff:ff'],
  ['too short', '52:54:00:12:34'],
  ['too long', '52:54:00:12:34:56:78'],
  ['longer at its beginning', 'x52:54:00:12:34:56'],
  ['without colons', '525400123456'],
  ['with other letters', '5g:54:00:12:34:56'],
  ['with others further on', '52:54:00:12:34:5g'],
  ['with a digit less', '52:54:00:12:34:5'],
  ['empty', ''],
])('an address must not be %s', (_what, text) => {
  expect(macSchema.safeParse(text).error?.issues[0]?.message).toBe(
    'expected a unicast MAC address, such as 52:54:00:12:34:56',
  );
});
