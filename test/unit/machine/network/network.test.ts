import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { createNetwork } from '../../../../src/machine/network/create-network.ts';
import { parseForkOptions } from '../../../../src/template/fork-options.ts';
import { parseNetworks } from '../../../../src/machine/network/network-place.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';

test('each network has its own subnet by default, or the given name and subnet', () => {
  const [one, other] = [createNetwork(), createNetwork()];
  expect(one.subnet).toMatch(/^10\.77\.\d+\.0\/24$/);
  expect(other.subnet).not.toBe(one.subnet);
  expect(createNetwork({ name: 'lab', subnet: '192.168.5.0/28' })).toMatchObject({
    name: 'lab',
    subnet: '192.168.5.0/28',
    mtu: 1500,
    members: [],
  });
  expect(createNetwork({ mtu: 9000 }).take('web')).toMatchObject({ mtu: 9000 });
});

test.each([
  { subnet: '10.77.0.0/8' },
  { subnet: '10.0.0.0/16' },
  { name: 'has space' },
  { mtu: 575 },
  { mtu: 65_521 },
  { nmae: 'lab' },
])('rejects %o', (options) => {
  expect(() => createNetwork(options)).toThrow(InvalidInputError);
});

test('gives a returning name its earlier address and hardware address', () => {
  const network = createNetwork({ subnet: '10.77.9.0/24' });
  const web = network.take('web');
  const db = network.take('db');
  expect(network.members).toEqual([
    { name: 'web', address: '10.77.9.2', mac: '52:54:0a:4d:09:02' },
    { name: 'db', address: '10.77.9.3', mac: '52:54:0a:4d:09:03' },
  ]);
  expect(() => network.take('web')).toThrow(/already has a machine named "web"/);
  web.leave();
  expect(network.members.map(({ name }) => name)).toEqual(['db']);
  expect(network.take('late').address).toBe('10.77.9.4');
  expect(network.take('web')).toMatchObject({ address: web.address, mac: web.mac });
  db.leave();
});

test('has as many members as its subnet has addresses, and none once it is closed', async () => {
  const network = createNetwork({ subnet: '10.77.9.0/30' });
  expect(network.take('only').addresses).toEqual(['10.77.9.2/30']);
  expect(() => network.take('another')).toThrow(/no free address in 10\.77\.9\.0\/30/);
  await network[Symbol.asyncDispose]();
  expect(network.members).toEqual([]);
  expect(() => network.take('only')).toThrow(/is closed/);
});

test('partitions only known names, each in one group', () => {
  const network = createNetwork();
  network.take('web');
  network.take('db').leave();
  network.partition(['web'], ['db']);
  expect(() => network.partition(['web'], ['bd'])).toThrow(/no machine "bd" in network "/);
  expect(() => network.partition(['web'], ['db', 'web'])).toThrow(/"web" is listed more than once/);
});

test('a machine is found by its own name, or by another name in one network', () => {
  const [one, other] = [createNetwork(), createNetwork()];
  expect(parseSpec({ name: 'm', networks: [one, { network: other, name: 'db' }] }).networks).toEqual([
    { network: one, name: 'm' },
    { network: other, name: 'db' },
  ]);
  expect(parseSpec({}).networks).toEqual([]);
});

test('rejects invalid networks of a machine', () => {
  const network = createNetwork({ subnet: '10.78.0.0/16' });
  const inside = createNetwork({ subnet: '10.78.3.0/24' });
  const refuse = (networks: unknown) => () => parseNetworks(networks as [], 'm');
  expect(refuse([network, network])).toThrow(/networks\[1\]: duplicate network/);
  expect(refuse([network, inside])).toThrow(/networks\[1\].* overlap/);
  expect(refuse([{ network, name: 'a b' }])).toThrow(/networks\[0\]\.name: "a b"/);
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
    hint: 'list each network once',
  });
  expect(refusal([lab, other])).toMatchObject({
    message: 'networks[1]: network "other" (10.78.3.0/24) overlaps with network "lab" (10.78.0.0/16)',
    hint: 'create one of the networks with another subnet',
  });
  expect(refusal([{ network: {} }])).toMatchObject({
    message: 'networks[0]: expected a Network object, { network, name } or the name of a network',
    hint: 'create a network with createNetwork(), or with: vmlet network create NAME',
  });
  expect(refusal([{ network: lab, name: '' }])).toMatchObject({
    message:
      'networks[0].name: "": expected at most 63 letters, digits and hyphens, and no hyphen at either end',
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
  expect(() => parseForkOptions({ networks: ['none'] })).toThrow(
    'net: "none": expected auto, passt or slirp',
  );
  expect(() => parseSpec({ networks: ['lan:ip=1'] })).toThrow(
    'networks[0]: invalid option "ip=1": expected an IPv4 address',
  );
});
