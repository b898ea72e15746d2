import { expect, test } from 'vitest';
import {
  checkMemberships,
  formatMembership,
  parseMembership,
} from '../../../../src/network/private/membership.ts';
import { checkNetworkName, isOutsideCard } from '../../../../src/network/private/network-name.ts';

const parse = (text: string) => parseMembership(text, 'networks[0]');

test('accepts a name, and all options in any order', () => {
  expect(parse('lan')).toEqual({ network: 'lan' });
  expect(
    parse(
      'lan:mac=52:54:00:AA:00:01,ip=10.9.0.20,alias=primary,mtu=9000,latency=1.5s,loss=0.25%,bandwidth=10Mbit',
    ),
  ).toEqual({
    network: 'lan',
    mac: '52:54:00:aa:00:01',
    address: '10.9.0.20',
    alias: 'primary',
    mtu: 9000,
    latencyMs: 1500,
    lossPpm: 2500,
    bandwidth: 1_250_000,
  });
});

test.each([
  ['lan:', 'invalid option "" in "lan:"'],
  ['lan:ip', 'invalid option "ip" in "lan:ip"'],
  ['lan:toString=1', 'invalid option "toString=1"'],
  ['lan:ip=10.9.0.2,ip=10.9.0.3', 'ip is given twice'],
  ['lan:ip=10.9.0.256', 'invalid option "ip=10.9.0.256": expected an IPv4 address'],
  ['lan:ip=fd00::1', 'expected an IPv4 address'],
  ['lan:mac=53:54:00:00:00:01', 'expected a unicast MAC address'],
  ['lan:mac=00:00:00:00:00:00', 'expected a unicast MAC address'],
  ['lan:mtu=575', 'expected 576 to 65520 bytes'],
  ['lan:mtu=65521', 'expected 576 to 65520 bytes'],
  ['lan:mtu=1500.5', 'expected 576 to 65520 bytes'],
  ['lan:alias=a_b', 'invalid option "alias=a_b": expected at most 63 letters'],
  ['lan:latency=20', 'invalid option "latency=20": expected 0ms, or '],
  ['lan:latency=61s', 'expected 0ms, or 0.5ms to 60s'],
  ['lan:loss=101%', 'invalid option "loss=101%": expected 0%, or '],
  ['lan:latency=0.4ms', 'expected 0ms, or 0.5ms to 60s (rounded to whole milliseconds)'],
  ['lan:latency=0.0004s', 'expected 0ms, or 0.5ms to 60s (rounded to whole milliseconds)'],
  ['lan:loss=0.00001%', 'expected 0%, or 0.00005% to 100% (rounded to 0.0001%)'],
  ['lan:bandwidth=7kbit', 'expected 8kbit to 8000Gbit'],
  ['lan:bandwidth=9000Gbit', 'expected 8kbit to 8000Gbit'],
  ['Lan', 'invalid network name "Lan"'],
  ['', 'invalid network name ""'],
  ['local', '"local" is a reserved word'],
])('rejects %s', (text, problem) => {
  expect(() => parse(text)).toThrow(problem);
});

test.each([
  'lan',
  'lan:alias=primary',
  'lan:alias=primary,ip=10.9.0.20,mac=52:54:00:aa:00:01,mtu=9000,latency=1500ms,loss=0.25%,bandwidth=10000000bit',
  'lan:latency=0ms,loss=0%',
  'lan:loss=0.0001%,bandwidth=8000bit',
  'lan:loss=100%,bandwidth=8000000000000bit',
])('%s is formatted as it was parsed', (text) => {
  expect(formatMembership(parse(text))).toBe(text);
});

test('the minimum and maximum of each option are accepted', () => {
  expect(parse('lan:mtu=576,latency=60s,loss=100%,bandwidth=8kbit')).toMatchObject({
    mtu: 576,
    latencyMs: 60_000,
    lossPpm: 1_000_000,
    bandwidth: 1000,
  });
  expect(parse('lan:mtu=65520,latency=0.0ms,loss=0.00%,bandwidth=8000bit')).toMatchObject({
    mtu: 65_520,
    latencyMs: 0,
    lossPpm: 0,
    bandwidth: 1000,
  });
  expect(parse('lan:latency=0.5ms,loss=0.00005%')).toMatchObject({ latencyMs: 1, lossPpm: 1 });
});

test('the words for other cards are not names of networks', () => {
  for (const word of ['auto', 'passt', 'slirp', 'none', 'bridge=br0', 'none:ip=10.0.0.1']) {
    expect(isOutsideCard(word), word).toBe(true);
  }
  for (const word of ['auto', 'bridge', 'vmlet', 'localhost'])
    expect(() => checkNetworkName(word)).toThrow('reserved');
  for (const word of ['lan', 'auto2', 'bridges', 'no-ne']) expect(isOutsideCard(word), word).toBe(false);
  expect(checkNetworkName('a'.repeat(32))).toBe('a'.repeat(32));
  expect(() => checkNetworkName('a'.repeat(33))).toThrow('at most 32');
  expect(() => checkNetworkName('-lan')).toThrow('no hyphen at either end');
});

test('each network can be listed once, and at most eight', () => {
  const names = Array.from({ length: 9 }, (_, index) => ({ network: `n${index}` }));
  expect(() => checkMemberships(names.slice(0, 8), 'networks')).not.toThrow();
  expect(() => checkMemberships(names, 'networks')).toThrow('at most 8 networks, not 9');
  expect(() => checkMemberships([{ network: 'lan' }, { network: 'lan' }], 'networks')).toThrow(
    'duplicate network "lan"',
  );
});
