import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  addressNumber,
  addressText,
  hardwareAddressOf,
  parseSubnet,
  subnetsOverlap,
} from '../../../../src/network/ethernet/subnet.ts';

test('reads a network', () => {
  const { first, last, prefix } = parseSubnet('192.168.16.0/20');
  expect([addressText(first), addressText(last), prefix]).toEqual(['192.168.16.0', '192.168.31.255', 20]);
});

test.each([
  '10.77.0.0',
  '10.77.0.0/',
  '10.77.0.0/8',
  '10.77.0.0/31',
  '10.77.0/24',
  '010.0.0.0/24',
  'fd00::/64',
  '10.77.0.1/24',
])('refuses %s', (text) => {
  expect(() => parseSubnet(text)).toThrow(InvalidInputError);
});

test('knows which networks have addresses in common', () => {
  const [wide, inside, beside] = ['10.77.0.0/16', '10.77.3.0/24', '10.78.0.0/16'].map(parseSubnet);
  expect(wide && inside && subnetsOverlap(wide, inside) && subnetsOverlap(inside, wide)).toBe(true);
  expect(wide && beside && subnetsOverlap(wide, beside)).toBe(false);
});

test('gives each address a card of its own that is nobody else’s', () => {
  expect(hardwareAddressOf(addressNumber('10.77.0.2'))).toBe('52:54:0a:4d:00:02');
  expect(hardwareAddressOf(addressNumber('255.255.255.254'))).toBe('52:54:ff:ff:ff:fe');
});
