import { describe, expect, it } from 'vitest';
import {
  addressesOverlap,
  canonicalIpv6,
  isIpv4,
  isIpv6,
  isLinkLocal,
  isMappedIpv4,
  isWildcard,
} from '../../../../src/network/ports/ip-address.ts';

describe('an IPv4 address', () => {
  it.each(['0.0.0.0', '9.10.99.100', '199.200.249.250', '1.2.3.245', '255.255.255.255'])('is %s', (text) => {
    expect(isIpv4(text)).toBe(true);
  });

  it.each([
    ...['256.0.0.0', '0.0.0.256', '260.0.0.1', '300.1.1.1', '1.1.1.1000', '00.0.0.0', '01.2.3.4'],
    ...[
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.',
      '.1.2.3',
      '1a2b3c4',
      ' 1.2.3.4',
      '1.2.3.4 ',
      'x1.2.3.4',
      '1.2.3.4x',
      '',
    ],
  ])('is not %j', (text) => {
    expect(isIpv4(text)).toBe(false);
  });
});

describe('an IPv6 address', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['0:0:0:0:0:ffff:127.0.0.1', '::ffff:7f00:1'],
    ['fe80:0::00ff', 'fe80::ff'],
  ])('%s is written %s', (text, canonical) => {
    expect(canonicalIpv6(text)).toBe(canonical);
  });

  it.each([
    '',
    '127.0.0.1',
    'abc',
    '1',
    ':',
    '::g',
    '1::2::3',
    '::1%lo',
    '[::1]',
    '::1]',
    '::1]/[',
    '::1]/a',
    '::1]:80/[',
    '::1/64',
    'x::1',
    '::1x',
  ])('is not %j', (text) => {
    expect(canonicalIpv6(text)).toBeUndefined();
  });

  it('has a colon', () => {
    expect([isIpv6('::'), isIpv6('127.0.0.1')]).toEqual([true, false]);
  });

  it.each([
    ['fe80::1', true],
    ['fe9f::', true],
    ['fea0::1', true],
    ['febf:1::', true],
    ['fec0::1', false],
    ['fe7f::1', false],
    ['fe8::1', false],
    ['2001:fe80::1', false],
    ['::fe80:0:1', false],
  ])('%s is link-local: %s', (address, is) => {
    expect(isLinkLocal(address)).toBe(is);
  });

  it.each([
    ['::ffff:7f00:1', true],
    ['::ffff:c000:201', true],
    ['::fffe:7f00:1', false],
    ['::ffff:1:2:3', false],
    ['1::ffff:7f00:1', false],
  ])('%s is a mapped IPv4 address: %s', (address, is) => {
    expect(isMappedIpv4(address)).toBe(is);
  });
});

it.each([
  ['0.0.0.0', true],
  ['::', true],
  ['127.0.0.1', false],
  ['::1', false],
])('%s means all addresses of the host: %s', (address, is) => {
  expect(isWildcard(address)).toBe(is);
});

it.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['::1', '::1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['0.0.0.0', '192.0.2.1', true],
  ['192.0.2.1', '0.0.0.0', true],
  ['::', '::1', true],
  ['::1', '::', true],
  ['0.0.0.0', '::', false],
  ['::', '127.0.0.1', false],
  ['127.0.0.1', '::', false],
  ['::1', '0.0.0.0', false],
])('%s and %s could receive the same packet: %s', (one, other, could) => {
  expect(addressesOverlap(one, other)).toBe(could);
});
