import { expect, test } from 'vitest';
import { changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import { member, smallSpec } from './small-spec.ts';

const create = (options: object) => parseCreateOptions({ name: 'm', image: 'micro', ...options });

test('the first card is auto unless a network describes it', () => {
  expect(create({})).toMatchObject({ net: 'auto', memberships: [] });
  expect(create({ networks: ['lan'] })).toMatchObject({ net: 'auto', memberships: [{ network: 'lan' }] });
  expect(create({ networks: ['none', 'lan:alias=db'] })).toMatchObject({
    net: 'none',
    memberships: [{ network: 'lan', alias: 'db' }],
  });
  expect(create({ net: 'slirp', networks: ['lan', 'dmz'] })).toMatchObject({
    net: 'slirp',
    memberships: [{ network: 'lan' }, { network: 'dmz' }],
  });
  expect(create({ networks: ['bridge=br0', 'lan'] })).toMatchObject({ net: 'bridge', bridge: 'br0' });
});

test('at most one network describes the first card, whose kind decides about forwards', () => {
  expect(() => create({ net: 'none', networks: ['auto'] })).toThrow(
    'networks[0]: the first network card is set twice: none, auto',
  );
  expect(() => create({ networks: ['none', 'passt'] })).toThrow('the first network card is set twice');
  expect(() => create({ networks: ['none', 'lan'], ports: ['8080:80'] })).toThrow(
    '--net none does not support port forwards',
  );
  expect(() => create({ net: 'bridge=' })).toThrow('net: invalid network "bridge="');
  expect(() => create({ networks: ['none:mtu=1500'] })).toThrow('invalid network "none:mtu=1500"');
  expect(() => create({ networks: ['lan', 'lan:ip=10.9.0.2'] })).toThrow('duplicate network "lan"');
  expect(() => create({ networks: ['lan', 'LAN'] })).toThrow('networks[1]: invalid network name "LAN"');
});

const spec = { ...smallSpec, networks: [member] };

test('new networks replace earlier ones; a change of only the first card keeps them', () => {
  const joined = [{ ...member, network: 'dmz' }];
  const wanted: unknown[] = [];
  const change = (changes: object) =>
    changeSpec(spec, changes, (memberships) => {
      wanted.push(memberships);
      return memberships.length === 0 ? [] : joined;
    });
  expect(change({ networks: ['dmz'] }).spec).toMatchObject({ net: 'auto', networks: joined });
  expect(change({ net: 'none' }).spec).toMatchObject({ net: 'none', networks: [member] });
  expect(change({ cpus: 2 }).spec).toMatchObject({ net: 'auto', networks: [member] });
  expect(change({ networks: ['none'] }).spec).toMatchObject({ net: 'none' });
  // The machine had networks, whose names its guest must forget.
  expect(change({ networks: ['auto'] }).spec).toMatchObject({ networks: [] });
  expect(wanted).toEqual([[{ network: 'dmz' }], [], []]);
});

test('the first card has the MAC address that was asked for, in lower case', () => {
  expect(create({}).mac).toBeUndefined();
  expect(create({ mac: '52:54:00:AB:cd:01' })).toMatchObject({ mac: '52:54:00:ab:cd:01' });
  const { spec: changed, differences } = changeSpec(spec, { mac: '52:54:00:00:00:02' }, () => []);
  expect(changed).toMatchObject({ mac: '52:54:00:00:00:02', networks: [member] });
  expect(differences).toEqual([
    { field: 'mac', from: '52:54:00:00:00:01', to: '52:54:00:00:00:02', takesEffect: 'next start' },
  ]);
  // A change of others keeps it.
  expect(changeSpec(spec, { net: 'none' }, () => []).spec.mac).toBe('52:54:00:00:00:01');
});

test.each([
  '01:00:5e:00:00:01',
  'ff:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
  '52:54:00:00:00',
  '52-54-00-00-00-01',
  '',
])('a MAC address that no card can have is rejected: %s', (mac) => {
  const problem = `mac: ${JSON.stringify(mac)}: expected a unicast MAC address, such as 52:54:00:12:34:56`;
  expect(() => create({ mac })).toThrow(problem);
  expect(() => changeSpec(spec, { mac }, () => [])).toThrow(problem);
});

test('a MAC address requires a first card, and differs from those of the other cards', () => {
  const none = 'mac: requires a first network card, but the network is "none"';
  expect(() => create({ net: 'none', mac: member.mac })).toThrow(none);
  expect(() => create({ networks: ['none', 'lan'], mac: member.mac })).toThrow(none);
  expect(() => changeSpec({ ...spec, net: 'none' }, { mac: member.mac }, () => [])).toThrow(none);
  expect(() => changeSpec(spec, { mac: member.mac.toUpperCase() }, () => [])).toThrow(
    'mac: 52:54:0a:09:00:02 is taken by the machine\'s card in network "lan"',
  );
  const change = (changes: object) =>
    changeSpec(spec, changes, () => [{ ...member, mac: spec.mac }]).spec.networks;
  expect(() => change({ networks: [`lan:mac=${spec.mac}`] })).toThrow(
    "networks: MAC address 52:54:00:00:00:01 is taken by the machine's first network card",
  );
  expect(change({ net: 'none', networks: [`lan:mac=${spec.mac}`] })).toMatchObject([{ mac: spec.mac }]);
});

test('the card on a bridge may have its own MTU', () => {
  expect(create({ net: 'bridge=br0' })).toMatchObject({ bridge: 'br0', mtu: undefined });
  expect(create({ net: 'bridge=br0:mtu=9000' })).toMatchObject({ net: 'bridge', bridge: 'br0', mtu: 9000 });
  const change = (before: object, changes: object) =>
    changeSpec({ ...spec, ...before }, changes, () => []).spec;
  const jumbo = { net: 'bridge', bridge: 'br0', mtu: 9000 } as const;
  expect(change({}, { net: 'bridge=br0:mtu=9000' })).toMatchObject(jumbo);
  expect(change(jumbo, { cpus: 2 })).toMatchObject(jumbo);
  expect(change(jumbo, { net: 'bridge=br0' })).not.toHaveProperty('mtu');
  for (const net of [
    'bridge=br0:mtu=',
    'bridge=br0:mtu=575',
    'bridge=br0:mtu=65521',
    'bridge=br0:mtu=9k',
    'bridge=:mtu=9000',
  ]) {
    expect(() => create({ net })).toThrow(`net: invalid network "${net}"`);
  }
});
