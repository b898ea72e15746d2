import { expect, test } from 'vitest';
import { bridgeCards, parseBridge, withMacs } from '../../../../src/machines/spec/bridge-cards.ts';
import { changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import { member, smallSpec } from './small-spec.ts';

const create = (options: object) => parseCreateOptions({ name: 'm', image: 'micro', ...options });
const MAC = '52:54:00:aa:bb:01';
const change = (before: object, changes: object) =>
  changeSpec({ ...smallSpec, ...before }, changes, () => [member]).spec;

test('without another first card the first bridge has it, and each other bridge adds a card', () => {
  expect(create({ net: 'bridge=br0' })).toMatchObject({ net: 'bridge', bridge: 'br0', bridges: [] });
  expect(create({ net: ['bridge=br0', 'bridge=br1:mtu=9000'] })).toMatchObject({
    net: 'bridge',
    bridge: 'br0',
    bridges: [{ bridge: 'br1', mtu: 9000 }],
  });
  expect(create({ networks: ['bridge=br0', 'lan', 'bridge=br0'] })).toMatchObject({
    bridge: 'br0',
    bridges: [{ bridge: 'br0' }],
    memberships: [{ network: 'lan' }],
  });
  for (const net of ['auto', 'passt', 'slirp', 'none']) {
    const cards = { net, bridge: undefined, bridges: [{ bridge: 'br0' }, { bridge: 'br1' }] };
    expect(create({ net: [net, 'bridge=br0', 'bridge=br1'] })).toMatchObject(cards);
    expect(create({ net: ['bridge=br0', net, 'bridge=br1'] })).toMatchObject(cards);
    expect(create({ net, networks: ['bridge=br0', 'bridge=br1'] })).toMatchObject(cards);
  }
});

test('forwards need a first card that has them', () => {
  expect(create({ net: ['slirp', 'bridge=br0'], ports: ['8080:80'] }).ports).toHaveLength(1);
  expect(() => create({ net: ['bridge=br0', 'bridge=br1'], ports: ['8080:80'] })).toThrow(
    '--net bridge does not support port forwards',
  );
  expect(() => create({ net: ['none', 'bridge=br0'], ports: ['8080:80'] })).toThrow(
    '--net none does not support port forwards',
  );
});

test('a further card may have its MAC address; the first one has an option for it', () => {
  expect(create({ net: ['auto', `bridge=br0:mac=${MAC.toUpperCase()},mtu=1400`] }).bridges).toEqual([
    { bridge: 'br0', mac: MAC, mtu: 1400 },
  ]);
  expect(() => create({ net: `bridge=br0:mac=${MAC}` })).toThrow(
    'net: mac= is for further cards, and this is the first one',
  );
  expect(() => create({ net: ['slirp', 'bridge=br0', 'auto'] })).toThrow(
    'net[2]: the first network card is set twice: slirp, auto',
  );
});

test.each([
  'bridge',
  'bridge=',
  'bridge=a/b',
  'bridge=br0:',
  'bridge=br0:mtu',
  'bridge=br0:mtu=575',
  'bridge=br0:mtu=9000,mtu=9000',
  'bridge=br0:mac=01:00:5e:00:00:01',
  'bridge=br0:ip=10.9.0.2',
  'bridge=br0:mtu=9000,',
  'bridge=br0:toString=1',
])('%s is not a card on a bridge', (text) => {
  expect(() => parseBridge(text, 'net')).toThrow(`net: invalid network "${text}"`);
});

test('a card without an address gets one, or keeps that of an earlier card on its bridge', () => {
  const [one, other] = withMacs([{ bridge: 'br0' }, { bridge: 'br0', mtu: 1400 }]);
  expect(one?.mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  expect(other).toMatchObject({ bridge: 'br0', mtu: 1400 });
  expect(other?.mac).not.toBe(one?.mac);
  const before = [
    { bridge: 'br0', mac: MAC },
    { bridge: 'br1', mac: '52:54:00:aa:bb:02' },
  ];
  expect(withMacs([{ bridge: 'br1' }, { bridge: 'br0' }], before)).toEqual([before[1], before[0]]);
  const [taken, next] = withMacs([{ bridge: 'br2', mac: MAC }, { bridge: 'br0' }], before);
  expect(taken?.mac).toBe(MAC);
  expect(next?.mac).not.toBe(MAC);
});

test('a change of a card outside of private networks replaces all of these', () => {
  const bridges = [{ bridge: 'br0', mac: MAC }];
  const networks = [member];
  const before = { bridges, networks };
  expect(change(before, { cpus: 2 })).toMatchObject(before);
  expect(change(before, { networks: ['lan'] })).toMatchObject(before);
  expect(change(before, { net: 'slirp' })).toMatchObject({ net: 'slirp', networks });
  expect(change(before, { net: 'slirp' })).not.toHaveProperty('bridges');
  expect(change(before, { net: ['slirp', 'bridge=br0:mtu=1400'] })).toMatchObject({
    net: 'slirp',
    bridges: [{ bridge: 'br0', mac: MAC, mtu: 1400 }],
    networks,
  });
  expect(change(before, { net: ['bridge=br0', 'bridge=br1'] })).toMatchObject({
    net: 'bridge',
    bridge: 'br0',
    bridges: [{ bridge: 'br1' }],
  });
});

test('the MAC addresses of all cards differ, and there are at most eight further ones', () => {
  const first = "MAC address 52:54:00:00:00:01 is taken by the machine's first network card";
  expect(() => change({}, { net: ['auto', `bridge=br0:mac=${smallSpec.mac}`] })).toThrow(`net: ${first}`);
  expect(() => change({}, { net: ['none', `bridge=br0:mac=${smallSpec.mac}`] })).not.toThrow();
  const taken = `MAC address ${MAC} is taken by the machine's card on bridge "br0"`;
  const twice = [`bridge=br0:mac=${MAC}`, `bridge=br1:mac=${MAC}`];
  expect(() => change({}, { net: ['auto', ...twice] })).toThrow(`net: ${taken}`);
  const bridges = [{ bridge: 'br0', mac: member.mac }];
  expect(() => change({ bridges }, { networks: ['lan'] })).toThrow(
    `networks: MAC address ${member.mac} is taken by the machine's card on bridge "br0"`,
  );
  expect(() => change({ bridges }, { mac: member.mac })).toThrow(
    `mac: ${member.mac} is taken by the machine's card on bridge "br0"`,
  );
  const many = Array.from({ length: 8 }, () => 'bridge=br0');
  expect(change({}, { net: ['auto', ...many] }).bridges).toHaveLength(8);
  const tooMany = 'a machine can have at most 8 cards in networks and on further bridges, not 9';
  expect(() => change({}, { net: ['auto', ...many, 'bridge=br0'] })).toThrow(`net: ${tooMany}`);
  expect(() => change({ networks: [member] }, { net: ['auto', ...many] })).toThrow(`net: ${tooMany}`);
});

test('the cards on bridges have numbers, of which 0 is the first card', () => {
  const bridges = [{ bridge: 'br1', mac: MAC }];
  expect(bridgeCards({ ...smallSpec, bridges })).toMatchObject([{ number: 1, bridge: 'br1', mac: MAC }]);
  expect(bridgeCards({ ...smallSpec, net: 'bridge', bridge: 'br0', mtu: 1400, bridges })).toMatchObject([
    { number: 0, bridge: 'br0', mac: smallSpec.mac, mtu: 1400 },
    { number: 1, bridge: 'br1', mac: MAC },
  ]);
  // The first card was on a bridge before.
  expect(bridgeCards({ ...smallSpec, bridge: 'br0' })).toEqual([]);
});

test.each([
  ['bridge=br0:mtu=99999', '"mtu=99999" is invalid or repeated'],
  ['bridge=br0:mtu=1400,mac=52:54:00', '"mac=52:54:00" is invalid or repeated'],
  ['bridge=br0:mtu=1400,mtu=1500', '"mtu=1500" is invalid or repeated'],
  ['bridge=:mtu=1400', 'the name of the bridge is missing or invalid'],
])('the error for %s names the part that is wrong', (text, problem) => {
  expect(() => parseBridge(text, 'net')).toThrow(`net: invalid network "${text}": ${problem}`);
});
