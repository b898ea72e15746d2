import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  addressNumber,
  addressText,
  hardwareAddressOf,
  parseSubnet,
  subnetsOverlap,
} from '../../../../src/network/ethernet/subnet.ts';

test('parses a network', () => {
  const { first, last, prefix } = parseSubnet('192.168.16.0/20');
  expect([addressText(first), addressText(last), prefix]).toEqual(['192.168.16.0', '192.168.31.255', 20]);
});

test.each([
  ['10.77.0.0/16', '10.77.255.255'],
  ['10.77.0.8/30', '10.77.0.11'],
  ['10.77.0.128/25', '10.77.0.255'],
])('%s ends with %s', (text, last) => {
  expect(parseSubnet(text)).toMatchObject({ text, last: addressNumber(last) });
});

test('explains an error, and suggests the network of an address', () => {
  const refusal = (text: string): unknown => {
    try {
      return parseSubnet(text);
    } catch (error) {
      return error;
    }
  };
  expect(refusal('10.77.0.0/8')).toMatchObject({
    message: 'subnet: invalid subnet "10.77.0.0/8": expected an IPv4 network with a prefix from /16 to /30',
    hint: 'for example: 10.77.0.0/24',
  });
  expect(refusal('10.77.3.9/24')).toMatchObject({
    message: 'subnet: 10.77.3.9/24 is not the first address of its network',
    hint: 'use 10.77.3.0/24',
  });
});

test.each([
  '10.77.0.0/15',
  'x10.77.0.0/24',
  '10.77.0.0/24x',
  '10.77.0.0/024',
  '/24',
  '10.77.0.0',
  '10.77.0.0/',
  '10.77.0.0/8',
  '10.77.0.0/31',
  '10.77.0/24',
  '010.0.0.0/24',
  'fd00::/64',
  '10.77.0.1/24',
])('rejects %s', (text) => {
  expect(() => parseSubnet(text)).toThrow(InvalidInputError);
});

test('detects networks that overlap', () => {
  const [wide, inside, beside] = ['10.77.0.0/16', '10.77.3.0/24', '10.78.0.0/16'].map(parseSubnet);
  expect(wide && inside && subnetsOverlap(wide, inside) && subnetsOverlap(inside, wide)).toBe(true);
  expect(wide && beside && subnetsOverlap(wide, beside)).toBe(false);
  expect(wide && beside && subnetsOverlap(beside, wide)).toBe(false);
  // One address is enough.
  const [low, middle] = ['10.77.0.0/30', '10.77.0.4/30'].map(parseSubnet);
  expect(low && middle && subnetsOverlap(low, middle)).toBe(false);
  const ending = low && { ...low, last: low.last + 1 };
  expect(ending && middle && subnetsOverlap(ending, middle) && subnetsOverlap(middle, ending)).toBe(true);
});

test('maps each address to a unique hardware address', () => {
  expect(hardwareAddressOf(addressNumber('10.77.0.2'))).toBe('52:54:0a:4d:00:02');
  expect(hardwareAddressOf(addressNumber('255.255.255.254'))).toBe('52:54:ff:ff:ff:fe');
});
