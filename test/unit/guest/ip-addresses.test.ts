import { expect, test } from 'vitest';
import { parseIpAddresses } from '../../../src/guest/ip-addresses.ts';
import { parseArpTable, parseNeighbours } from '../../../src/network/probe/neighbours.ts';

test('reads addresses from iproute2 and busybox: IPv4 first, without unreachable ones', () => {
  const iproute2 = [
    '1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever',
    '1: lo    inet6 ::1/128 scope host \\       valid_lft forever preferred_lft forever',
    '2: eth0    inet6 fec0::15/64 scope site \\       valid_lft forever preferred_lft forever',
    '2: eth0    inet 10.0.2.15/24 brd 10.0.2.255 scope global eth0\\       valid_lft forever',
    '2: eth0    inet6 fe80::5054:ff:fe12:3456/64 scope link \\       valid_lft forever',
  ].join('\n');
  expect(parseIpAddresses(iproute2)).toEqual([
    { interface: 'eth0', address: '10.0.2.15', prefix: 24 },
    { interface: 'eth0', address: 'fec0::15', prefix: 64 },
  ]);
  const busybox = '1: lo: <LOOPBACK> mtu 65536\n2: eth0    inet 192.0.2.9/24 scope global eth0\n';
  expect(parseIpAddresses(busybox)).toEqual([{ interface: 'eth0', address: '192.0.2.9', prefix: 24 }]);
});

test('a link-local address is used only if there is no other', () => {
  expect(parseIpAddresses('2: eth0    inet6 fe80::1/64 scope link')).toHaveLength(1);
});

test('a neighbour’s addresses are those of its hardware address', () => {
  const mac = '52:54:00:aa:bb:cc';
  const table = [
    'fe80::1 dev br0 lladdr 52:54:00:aa:bb:cc STALE',
    '192.0.2.7 dev br0 lladdr 52:54:00:AA:BB:CC REACHABLE',
    '192.0.2.8 dev br0 lladdr 52:54:00:00:00:01 REACHABLE',
    '192.0.2.9 dev br0  FAILED',
    '192.0.2.10 dev br0 lladdr 52:54:00:aa:bb:cc FAILED',
  ].join('\n');
  expect(parseNeighbours(table, mac)).toEqual(['192.0.2.7', 'fe80::1']);
  const arp = [
    'IP address       HW type     Flags       HW address            Mask     Device',
    '192.0.2.7        0x1         0x2         52:54:00:aa:bb:cc     *        br0',
    '192.0.2.11       0x1         0x0         52:54:00:aa:bb:cc     *        br0',
    '192.0.2.8        0x1         0x2         52:54:00:00:00:01     *        br0',
  ].join('\n');
  expect(parseArpTable(arp, mac)).toEqual(['192.0.2.7']);
});
