import { expect, test } from 'vitest';
import { changeSpec } from '../../../../src/machines/spec/changes.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';

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
    'networks: the first network card is set twice: none, auto',
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

const member = { network: 'lan', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };
const spec = {
  name: 'm',
  ports: [],
  disks: [],
  net: 'auto',
  networks: [member],
  memoryBytes: 2 ** 30,
  labels: {},
  boot: { kind: 'firmware' },
} as unknown as MachineSpec;

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
