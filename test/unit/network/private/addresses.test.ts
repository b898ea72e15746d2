import { expect, test } from 'vitest';
import {
  OUTSIDE,
  addressesOf,
  checkNames,
  checkSubnet,
  freeSubnet,
  hostsLines,
  ipv6Of,
  isForMembers,
  joinedMembership,
  newPrefix,
} from '../../../../src/network/private/addresses.ts';
import { newNetwork, newSettings } from '../../../../src/network/private/network-options.ts';
import {
  type NetworkRecord,
  formatNetworkRecord,
  parseNetworkRecord,
} from '../../../../src/network/private/network-record.ts';
import { formatSwitchTable } from '../../../../src/network/private/switch-table.ts';
import { parseSubnet } from '../../../../src/network/ethernet/subnet.ts';

const LAN: NetworkRecord = {
  version: 1,
  name: 'lan',
  createdAt: '2026-01-01T00:00:00.000Z',
  subnet: '10.9.0.0/29',
  ipv6: 'fd12:3456:789a::',
  mtu: 1500,
  partitions: [],
};
const WEB = { name: 'web', network: 'lan', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };
const DB = {
  name: 'db',
  network: 'lan',
  alias: 'primary',
  address: '10.9.0.3',
  mac: '52:54:0a:09:00:03',
};

const join = (
  name: string,
  wanted: Partial<Parameters<typeof joinedMembership>[2]['wanted']> = {},
  earlier?: Parameters<typeof joinedMembership>[2]['earlier'],
) => joinedMembership(LAN, [WEB, DB], { name, wanted: { network: 'lan', ...wanted }, earlier });

test('a member gets the lowest free address, and a hardware address derived from it', () => {
  expect(join('cache')).toEqual({ network: 'lan', address: '10.9.0.4', mac: '52:54:0a:09:00:04' });
  expect(joinedMembership(LAN, [DB], { name: 'a', wanted: { network: 'lan' } })).toMatchObject({
    address: '10.9.0.2',
  });
});

test('a member keeps its addresses until it requests others', () => {
  const earlier = { network: 'lan', address: '10.9.0.6', mac: '52:54:00:00:00:01' };
  expect(join('cache', {}, earlier)).toEqual(earlier);
  expect(join('cache', { mtu: 9000 }, earlier)).toEqual({ ...earlier, mtu: 9000 });
  expect(join('cache', { address: '10.9.0.5' }, earlier)).toEqual({
    network: 'lan',
    address: '10.9.0.5',
    mac: '52:54:0a:09:00:05',
  });
  // The network has another subnet now, or another member has the address.
  expect(join('cache', {}, { ...earlier, address: '10.8.0.6' })).toMatchObject({ address: '10.9.0.4' });
  expect(join('cache', {}, { ...earlier, address: '10.9.0.3' })).toMatchObject({ address: '10.9.0.4' });
});

test.each([
  [{ address: '10.9.0.3' }, 'address 10.9.0.3 is taken by machine "db" in network "lan"'],
  [{ address: '10.9.0.1' }, 'cannot have the address 10.9.0.1'],
  [{ address: '10.9.0.7' }, 'cannot have the address 10.9.0.7'],
  [{ address: '10.9.1.2' }, 'cannot have the address 10.9.1.2'],
  [{ mac: '52:54:0a:09:00:02' }, 'MAC address 52:54:0a:09:00:02 is taken by machine "web"'],
  [{ alias: 'Web' }, 'the name "Web" is taken by machine "web"'],
  [{ alias: 'primary' }, 'the name "primary" is taken by machine "db"'],
])('rejects %o', (wanted, problem) => {
  expect(() => join('cache', wanted)).toThrow(problem);
});

test('rejects a name that is another member’s alias, and a member of a full network', () => {
  expect(() => join('primary')).toThrow('the name "primary" is taken by machine "db"');
  expect(() => checkNames(LAN, [DB], [undefined])).not.toThrow();
  const full = [4, 5, 6].map((last) => ({
    name: `m${last}`,
    network: 'lan',
    address: `10.9.0.${last}`,
    mac: `52:54:0a:09:00:0${last}`,
  }));
  expect(() => joinedMembership(LAN, [WEB, DB, ...full], { name: 'm7', wanted: { network: 'lan' } })).toThrow(
    'no free address in 10.9.0.0/29, the subnet of network "lan"',
  );
});

test('names resolve to IPv4 addresses, with and without the domain of the network', () => {
  expect(hostsLines(LAN, [WEB, DB])).toEqual([
    '10.9.0.2 web web.lan',
    '10.9.0.3 db db.lan primary primary.lan',
  ]);
  expect(addressesOf(LAN, WEB)).toEqual(['10.9.0.2/29', 'fd12:3456:789a::2/64']);
  expect(ipv6Of({ ...LAN, ipv6: 'fd02:08c4:0000::' }, WEB.address)).toBe('fd02:8c4::2');
  expect(addressesOf(LAN, { ...WEB, mtu: 1279 })).toEqual(['10.9.0.2/29']);
  expect(isForMembers(LAN, '10.9.0.6')).toBe(true);
});

test('the table of the switch contains subnet, members, links and partitions', () => {
  // A switch of an earlier release does not know `mtu=`: it is left out where it says nothing new.
  const web = { ...WEB, mtu: 9000 };
  const slow = { ...DB, latencyMs: 20, lossPpm: 5000, bandwidth: 1_250_000, mtu: 1400 };
  const record = { ...LAN, mtu: 9000, partitions: [[['web', 'cache'], ['db']]] };
  expect(formatSwitchTable(record, [web, slow])).toBe(
    [
      'subnet 10.9.0.0/29 10.9.0.1',
      'mtu 9000',
      'member web 52:54:0a:09:00:02 10.9.0.2',
      'member db 52:54:0a:09:00:03 10.9.0.3 latency=20 loss=5000 bandwidth=1250000 mtu=1400',
      'partition web,cache db',
      '',
    ].join('\n'),
  );
});

test('a new network gets a free subnet, and a given subnet must be free', () => {
  const taken = [{ subnet: parseSubnet('10.9.0.0/23'), user: 'network "lan"' }, OUTSIDE];
  expect(freeSubnet('10.9', taken)?.text).toBe('10.9.2.0/24');
  expect(freeSubnet('10.77', taken)?.text).toBe('10.77.0.0/24');
  expect(checkSubnet('10.8.0.0/16', taken).text).toBe('10.8.0.0/16');
  expect(() => checkSubnet('10.9.1.0/24', taken)).toThrow(
    '10.9.1.0/24 overlaps with 10.9.0.0/23, the subnet of network "lan"',
  );
  expect(() => checkSubnet('10.0.0.0/16', taken)).toThrow(
    'overlaps with 10.0.2.0/24, the subnet of the first network card of each machine',
  );
  const all = { subnet: parseSubnet('10.9.0.0/16'), user: 'network "wide"' };
  expect(freeSubnet('10.9', [all])).toBeUndefined();
  expect(() => newSettings({ name: 'dmz' }, { range: '10.9', taken: [all] })).toThrow(
    'no free subnet in 10.9.0.0/16',
  );
  // Better one that something else has than none.
  expect(newSettings({ name: 'dmz' }, { range: '10.9', avoided: [all] }).subnet).toBe('10.9.0.0/24');
  expect(newPrefix(Buffer.from('0208c40000', 'hex'))).toBe('fd02:8c4::');
  expect(newPrefix()).toMatch(/^fd[0-9a-f]{2}(?::[0-9a-f]{1,4}){0,2}::$/);
});

test('options of a network are validated', () => {
  expect(newNetwork({ name: 'dmz', subnet: '172.20.0.0/24', mtu: 9000 }, [LAN])).toMatchObject({
    name: 'dmz',
    subnet: '172.20.0.0/24',
    mtu: 9000,
    partitions: [],
  });
  expect(newNetwork({ name: 'dmz' }, [LAN])).toMatchObject({ mtu: 1500 });
  expect(() => newNetwork({ name: 'dmz', mtu: 100 }, [])).toThrow('mtu: 100: expected at least 576');
  expect(() => newNetwork({ name: 'dmz', subnet: '10.9.0.0/24' }, [LAN])).toThrow('overlaps');
});

test('a record is read as it was written, and an invalid one is named', () => {
  expect(parseNetworkRecord(formatNetworkRecord(LAN), '/n')).toEqual(LAN);
  expect(() => parseNetworkRecord('{', '/n')).toThrow('/n: is not JSON');
  expect(() => parseNetworkRecord(JSON.stringify({ ...LAN, mtu: 1 }), '/n')).toThrow(
    '/n: mtu: expected at least 576',
  );
  expect(() => parseNetworkRecord(JSON.stringify({ ...LAN, subnet: '10.9.0.1/24' }), '/n')).toThrow(
    '10.9.0.1/24',
  );
});
