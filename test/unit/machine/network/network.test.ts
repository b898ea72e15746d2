import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectedPair } from '../../../../fixtures/agent/played-agent.ts';
import { dhcpRequest } from '../../../../fixtures/network/dhcp-request.ts';
import { InvalidInputError, NetworkNotFoundError } from '../../../../src/errors/index.ts';
import { createNetwork } from '../../../../src/machine/network/create-network.ts';
import type { Network } from '../../../../src/machine/network/network.ts';
import { parseForkOptions } from '../../../../src/template/fork-options.ts';
import { type NetworkMemberOptions, parseNetworks } from '../../../../src/machine/network/network-place.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { Scope } from '../../../../src/util/scope.ts';

/** Lets a machine join, as `launch` does. */
function join(network: Network, name: string, options: Omit<NetworkMemberOptions, 'network'> = {}) {
  const [place] = parseNetworks([{ network, ...options }], name);
  if (!place) throw new TypeError('there is one');
  return network.take({ ...place, isOwnName: true });
}

test('each network has its own subnet by default, or the given name and subnet', async () => {
  const [one, other] = [createNetwork(), createNetwork()];
  expect(one.subnet).toMatch(/^10\.77\.\d+\.0\/24$/);
  expect(other.subnet).not.toBe(one.subnet);
  expect(one.ipv6).toMatch(/^fd[0-9a-f]{2}(?::[0-9a-f]{1,4}){0,2}::$/);
  expect(other.ipv6).not.toBe(one.ipv6);
  expect(createNetwork({ name: 'lab', subnet: '192.168.5.0/28' })).toMatchObject({
    name: 'lab',
    subnet: '192.168.5.0/28',
    mtu: 1500,
    members: [],
  });
  expect(join(createNetwork({ mtu: 9000 }), 'web')).toMatchObject({ mtu: 9000 });
  // The first free one: not that of another open network, and again that of a closed one.
  await one[Symbol.asyncDispose]();
  const again = createNetwork();
  expect(again.subnet).toBe(one.subnet);
  await again[Symbol.asyncDispose]();
  const given = createNetwork({ subnet: one.subnet });
  expect(createNetwork().subnet).not.toBe(one.subnet);
  // Only the networks of one machine must have different ones.
  expect(createNetwork({ subnet: one.subnet }).subnet).toBe(given.subnet);
});

test.each([
  { subnet: '10.77.0.0/8' },
  { subnet: '10.0.0.0/16' },
  { name: 'has space' },
  { name: 'Lab' },
  { name: 'none' },
  { mtu: 575 },
  { mtu: 65_521 },
  { nmae: 'lab' },
])('rejects %o', (options) => {
  expect(() => createNetwork(options)).toThrow(InvalidInputError);
});

test('the addresses of machines that have ended are given to others when no other is free, the oldest first', () => {
  const network = createNetwork({ subnet: '10.77.9.0/29' });
  const [a, b] = ['a', 'b', 'c', 'd', 'e'].map((name) => join(network, name));
  expect(() => join(network, 'f')).toThrow('no free address in 10.77.9.0/29');
  b?.leave();
  a?.leave();
  expect(join(network, 'f').address).toBe(b?.address);
  expect(join(network, 'a').address).toBe(a?.address);
  expect(() => join(network, 'b')).toThrow('no free address');
});

test('gives a returning name its earlier addresses', () => {
  const network = createNetwork({ subnet: '10.77.9.0/24' });
  const web = join(network, 'web');
  const db = join(network, 'db');
  const { ipv6 } = network;
  const none = { alias: undefined };
  expect(network.members).toEqual([
    { name: 'web', ...none, address: '10.77.9.2', ipv6: `${ipv6}2`, mac: '52:54:0a:4d:09:02' },
    { name: 'db', ...none, address: '10.77.9.3', ipv6: `${ipv6}3`, mac: '52:54:0a:4d:09:03' },
  ]);
  expect(web.addresses).toEqual(['10.77.9.2/24', `${ipv6}2/64`]);
  expect(() => join(network, 'web')).toThrow('the name "web" is taken by machine "web" in network "');
  web.leave();
  expect(network.members.map(({ name }) => name)).toEqual(['db']);
  expect(join(network, 'late').address).toBe('10.77.9.4');
  expect(join(network, 'web')).toMatchObject({ address: web.address, mac: web.mac });
  // Another attachment of that name: the end of the earlier one has no effect on it.
  web.leave();
  expect(network.members.map(({ name }) => name)).toContain('web');
  db.leave();
});

test('a name that the caller has not chosen is replaced while a member has it', () => {
  const network = createNetwork();
  const take = () => network.take({ name: 'vmlet', isOwnName: false, wanted: { network: network.name } });
  const [first, second] = [take(), take()];
  expect([first.name, second.name]).toEqual(['vmlet', 'vmlet-2']);
  first.leave();
  expect(take().name).toBe('vmlet');
});

test('a member has the alias, addresses and MTU that it asks for', () => {
  const network = createNetwork({ name: 'shop', subnet: '10.77.9.0/24' });
  const asked = { alias: 'primary', ip: '10.77.9.20', mac: '52:54:00:AA:00:01', mtu: 1279 };
  const db = join(network, 'db', asked);
  expect(db).toMatchObject({ name: 'db', alias: 'primary', mac: '52:54:00:aa:00:01', mtu: 1279 });
  // No IPv6 below an MTU of 1280.
  expect(db.addresses).toEqual(['10.77.9.20/24']);
  expect(network.members).toMatchObject([{ name: 'db', alias: 'primary', address: '10.77.9.20' }]);
  expect(join(network, 'web').address).toBe('10.77.9.2');
});

test.each([
  { options: {}, announced: 9000 },
  { options: { mtu: 1400 }, announced: 1400 },
])('a guest with DHCP gets the MTU of its card: $announced', async ({ options, announced }) => {
  await using scope = new Scope();
  const network = createNetwork({ mtu: 9000 });
  const card = join(network, 'db', options);
  const { host, agent: qemu } = await connectedPair(scope);
  const plugged = card.plugIn(host);
  qemu.write(dhcpRequest({ type: 1, mac: card.mac }));
  const [reply] = (await once(qemu, 'data')) as [Buffer];
  // Option 26 (RFC 2132, section 5.1).
  const mtu = reply.indexOf(Buffer.from([26, 2]));
  expect(reply.readUInt16BE(mtu + 2)).toBe(announced);
  card.leave();
  await plugged;
});

test.each([
  [{ ip: '10.77.9.20' }, 'networks: address 10.77.9.20 is taken by machine "db" in network "shop"'],
  [{ ip: '10.77.9.1' }, 'networks: machines in network "shop" cannot have the address 10.77.9.1'],
  [{ mac: '52:54:00:aa:00:01' }, 'networks: MAC address 52:54:00:aa:00:01 is taken by machine "db"'],
  [{ alias: 'DB' }, 'networks: the name "DB" is taken by machine "db" in network "shop"'],
  [{ alias: 'primary' }, 'networks: the name "primary" is taken by machine "db" in network "shop"'],
  [{ ip: '10.77.9' }, 'networks[0].ip: "10.77.9": expected an IPv4 address'],
  [{ mac: '01:00:00:00:00:01' }, 'networks[0].mac: "01:00:00:00:00:01": expected a unicast MAC address'],
  [{ alias: 'a b' }, 'networks[0].alias: "a b": expected at most 63 letters'],
  [{ mtu: 575 }, 'networks[0].mtu: 575: expected 576 to 65520 bytes'],
  [{ mtu: '1500' }, 'networks[0].mtu: "1500": expected a number'],
  [
    { latency: '20' },
    'networks[0].latency: "20": expected 0ms, or 0.5ms to 60s (rounded to whole milliseconds), such as 20ms',
  ],
  [{ loss: '101%' }, 'networks[0].loss: "101%": expected 0%, or '],
  [{ bandwidth: '10' }, 'networks[0].bandwidth: "10": expected 8kbit to 8000Gbit'],
  [{ name: 'db' }, 'networks[0].name: unknown option'],
])('rejects a member that asks for %o', (options, problem) => {
  const network = createNetwork({ name: 'shop', subnet: '10.77.9.0/24' });
  join(network, 'db', { alias: 'primary', ip: '10.77.9.20', mac: '52:54:00:aa:00:01' });
  const refused = () => join(network, 'web', options as NetworkMemberOptions);
  expect(refused).toThrow(InvalidInputError);
  expect(refused).toThrow(problem);
  expect(network.members.map(({ name }) => name)).toEqual(['db']);
});

test.each([
  [{ alias: 'primary' }, '10.77.9.20'],
  [{ alias: 'One' }, 'none'],
  [{ ip: '10.77.9.20' }, '10.77.9.2'],
  [{ mac: '52:54:00:aa:00:01' }, '10.77.9.3'],
])('a machine takes over %o from one that has ended, which then has %s', (asked, address) => {
  const network = createNetwork({ subnet: '10.77.9.0/24' });
  join(network, 'one', { alias: 'primary', ip: '10.77.9.20', mac: '52:54:00:aa:00:01' }).leave();
  const { alias, ip = '10.77.9.2', mac }: Omit<NetworkMemberOptions, 'network'> = asked;
  expect(join(network, 'two', asked)).toMatchObject({ name: 'two', alias, address: ip, ...(mac && { mac }) });
  if (alias === 'One') expect(() => join(network, 'one')).toThrow('the name "one" is taken by machine "two"');
  else expect(join(network, 'one')).toMatchObject({ alias: undefined, address });
});

test('has as many members as its subnet has addresses, and none once it is closed', async () => {
  const network = createNetwork({ name: 'small', subnet: '10.77.9.0/30' });
  expect(join(network, 'only').address).toBe('10.77.9.2');
  expect(() => join(network, 'another')).toThrow(/no free address in 10\.77\.9\.0\/30/);
  await network[Symbol.asyncDispose]();
  expect(network.members).toEqual([]);
  expect(() => join(network, 'only')).toThrow(NetworkNotFoundError);
  expect(() => network.capture()).toThrow('no such network: small');
});

test('partitions only known names, each in one group', () => {
  const network = createNetwork();
  join(network, 'web');
  join(network, 'db').leave();
  network.partition(['web'], ['db']);
  expect(() => network.partition(['web'], ['bd'])).toThrow('groups: machine "bd" is not in this network');
  expect(() => network.partition(['web'], ['db', 'web'])).toThrow(/"web" is listed more than once/);
  expect(() => network.partition(['web'])).toThrow('groups: expected at least two groups of machines');
});

test('captures only names that are known, until the network is closed', async () => {
  const network = createNetwork();
  join(network, 'web');
  expect(() => network.capture('bd')).toThrow('member: machine "bd" is not in this network');
  const file = network.capture('web');
  await network[Symbol.asyncDispose]();
  const chunks: Buffer[] = [];
  for await (const chunk of file) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString('hex')).toBe('d4c3b2a1020004000000000000000000' + '0000040001000000');
});

test('the networks of a machine are its options as they were given', () => {
  const [one, other] = [createNetwork(), createNetwork()];
  expect(
    parseSpec({ name: 'm', networks: [one, { network: other, alias: 'db', loss: '1%' }] }).networks,
  ).toEqual([
    { network: one, name: 'm', wanted: { network: one.name } },
    { network: other, name: 'm', wanted: { network: other.name, alias: 'db', lossPpm: 10_000 } },
  ]);
  expect(parseSpec({}).networks).toEqual([]);
});

test('rejects invalid networks of a machine', () => {
  const network = createNetwork({ subnet: '10.78.0.0/16' });
  const inside = createNetwork({ subnet: '10.78.3.0/24' });
  const [one, same] = [createNetwork({ name: 'lan' }), createNetwork({ name: 'lan' })];
  const refuse = (networks: unknown) => () => parseNetworks(networks as [], 'm');
  expect(refuse([network, network])).toThrow(/networks\[1\]: duplicate network/);
  expect(refuse([network, inside])).toThrow(/networks\[1\].* overlap/);
  expect(refuse([one, same])).toThrow(/networks\[1\]: duplicate network "lan"/);
  expect(refuse(['lan:mtu=9000', one])).toThrow(/networks\[1\]: duplicate network "lan"/);
  expect(refuse([{ name: 'db' }])).toThrow(/networks\[0\]: expected a Network object/);
  expect(refuse(['no network'])).toThrow(/networks\[0\]: invalid network name "no network"/);
  expect(refuse(network)).toThrow(/networks: expected an array/);
  expect(refuse(Array.from({ length: 9 }, () => createNetwork()))).toThrow(/at most 8 networks, not 9/);
});

test('accepts up to eight networks, and explains each error with a hint', () => {
  const eight = Array.from({ length: 8 }, (_, index) => createNetwork({ subnet: `10.79.${index}.0/24` }));
  expect(parseNetworks(eight, 'm').map(({ name }) => name)).toEqual(Array(8).fill('m'));
  const nine = [...eight, createNetwork({ subnet: '10.79.8.0/24' })];
  const refusal = (networks: unknown): unknown => {
    try {
      return parseNetworks(networks as [], 'm');
    } catch (error) {
      return error;
    }
  };
  expect(refusal(nine)).toMatchObject({ message: 'networks: a machine can be in at most 8 networks, not 9' });
  const [lab, other] = [
    createNetwork({ name: 'lab', subnet: '10.78.0.0/16' }),
    createNetwork({ name: 'other', subnet: '10.78.3.0/24' }),
  ];
  expect(refusal([eight[0], lab, lab])).toMatchObject({
    message: 'networks[2]: duplicate network "lab"',
    hint: 'list each network once, and give networks of one machine different names',
  });
  expect(refusal([lab, other])).toMatchObject({
    message: 'networks[1]: network "other" (10.78.3.0/24) overlaps with network "lab" (10.78.0.0/16)',
    hint: 'create one of the networks with another subnet',
  });
  expect(refusal([{ network: {} }])).toMatchObject({
    message: 'networks[0]: expected a Network object, { network, alias, … } or the name of a network',
    hint: 'create a network with createNetwork(), or with: vmlet network create NAME',
  });
  expect(refusal({ length: 0 })).toMatchObject({ message: 'networks: expected an array of networks' });
});

test('networks of named machines are given by name, once each, and one word may describe the first card', () => {
  const lan = createNetwork();
  const { net, networks } = parseSpec({ name: 'm', networks: ['none', lan, 'lan:alias=db', 'dmz'] });
  expect(net).toBe('none');
  expect(networks.map(({ network, name }) => [network.name, name])).toEqual([
    [lan.name, 'm'],
    ['lan', 'm'],
    ['dmz', 'm'],
  ]);
  // The subnet of lan is not known yet.
  expect(parseNetworks(['lan', createNetwork()], 'm')).toHaveLength(2);
  expect(() => parseSpec({ networks: ['lan', 'lan:mtu=9000'] })).toThrow('duplicate network "lan"');
  expect(() => parseSpec({ net: 'slirp', networks: ['none'] })).toThrow(
    'the first network card is set twice: slirp, none',
  );
  expect(() => parseSpec({ networks: ['none', 'auto'] })).toThrow(
    'the first network card is set twice: none, auto',
  );
  expect(() => parseSpec({ net: ['slirp', 'bridge=br0'] as unknown as 'slirp' })).toThrow(
    'net: "bridge=br0": expected auto, passt, slirp or none',
  );
  expect(() => parseSpec({ networks: ['bridge=br0'] })).toThrow('net: "bridge=br0": expected auto');
  expect(() => parseSpec({ networks: ['none', 'lan:ip=1'] })).toThrow(
    'networks[1]: invalid option "ip=1": expected',
  );
  expect(parseForkOptions({ networks: ['slirp', 'lan'] }).net).toBe('slirp');
  expect(parseForkOptions({ networks: ['none', 'lan'] }).net).toBe('none');
  expect(() => parseSpec({ networks: ['lan:ip=1'] })).toThrow(
    'networks[0]: invalid option "ip=1": expected an IPv4 address',
  );
});
