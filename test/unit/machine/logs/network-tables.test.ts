import { expect, test } from 'vitest';
import { networksOfQga, networksOfTable } from '../../../../src/machine/logs/network-tables.ts';

const HEADING = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
`;
const LOOPBACK =
  '    lo:   84000     100    0    0    0     0          0         0    84000     100    0    0    0     0       0          0\n';
const of = (name: string, ...[receivedBytes, receivedPackets, sentBytes, sentPackets]: number[]) => ({
  ...{ source: 'guest', interface: name },
  ...{ receivedBytes, receivedPackets, sentBytes, sentPackets },
});

test('the table of a guest has its interfaces without the loopback', () => {
  const card =
    '  eth0:    1500      12    0    0    0     0          0         3      900       7    0    0    0     0       0          0\n';
  expect(networksOfTable(HEADING + LOOPBACK + card + card.replace('eth0', 'lo0'))).toEqual([
    of('eth0', 1500, 12, 900, 7),
    of('lo0', 1500, 12, 900, 7),
  ]);
  expect(networksOfTable(HEADING + LOOPBACK)).toEqual([]);
});

test.each([
  ['eth0:4294967296 2 0 0 0 0 0 0 5 6 0 0 0 0 0 0', of('eth0', 2 ** 32, 2, 5, 6)],
  ['\teth0 : 1 2 0 0 0 0 0 0 5 6 0 0 0 0 0 0', undefined],
  ['  eth0:\t1\t2 0 0 0 0 0 0   5 6', of('eth0', 1, 2, 5, 6)],
  ['eth0:1 2 0 0 0 0 0 0 5 6 0 0 0 0 0 0 \r', of('eth0', 1, 2, 5, 6)],
  ['eth0:1:1 2 0 0 0 0 0 0 5 6 0 0 0 0 0 0', of('eth0:1', 1, 2, 5, 6)],
  ['wlan-ü: 1 2 0 0 0 0 0 0 5 6 0 0 0 0 0 0', of('wlan-ü', 1, 2, 5, 6)],
  ['eth0: 18446744073709551615 2 0 0 0 0 0 0 5 6', of('eth0', 2 ** 64, 2, 5, 6)],
  // Too few counters, none, negative ones, and one that no kernel prints.
  ['eth0: 1 2 0 0 0 0 0 0 5', undefined],
  ['eth0:', undefined],
  ['eth0: -1 2 0 0 0 0 0 0 5 6', undefined],
  [`eth0: ${'9'.repeat(400)} 2 0 0 0 0 0 0 5 6`, undefined],
])('a line of a table: %j', (line, expected) => {
  expect(networksOfTable(`${LOOPBACK}${line}\n`)).toEqual(expected ? [expected] : []);
});

test.each(['', HEADING, 'not a table\n', 'a: b: c\n'])(
  'a text without interfaces is no table: %j',
  (text) => {
    expect(networksOfTable(text)).toBeUndefined();
  },
);

test('a long line of a hostile guest is judged in a moment', () => {
  const begin = performance.now();
  for (const part of [':', '1 ', 'a', ' ']) networksOfTable(`eth0:${part.repeat(100_000)}x`);
  expect(performance.now() - begin).toBeLessThan(1000);
});

test('the answer of QEMU’s agent has the interfaces without the loopback and those without counters', () => {
  const statistics = { 'rx-bytes': 5n, 'rx-packets': 1, 'tx-bytes': 7, 'tx-packets': 2, 'rx-errs': 0 };
  const card = { name: 'ens3', 'hardware-address': '52:54:00:00:00:01', statistics };
  expect(networksOfQga([{ name: 'lo', statistics }, card, { name: 'ens4' }])).toEqual([
    of('ens3', 5, 1, 7, 2),
  ]);
});

test.each([
  {},
  null,
  ['ens3'],
  [{ name: 7 }],
  [{ name: 'ens3', statistics: {} }],
  [{ name: 'ens3', statistics: { 'rx-bytes': -1, 'rx-packets': 0, 'tx-bytes': 0, 'tx-packets': 0 } }],
])('an invalid answer of QEMU’s agent is none: %j', (answer) => {
  expect(networksOfQga(answer)).toBeUndefined();
});
