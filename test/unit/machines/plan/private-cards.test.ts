import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planPrivateCards } from '../../../../src/machines/plan/machine-network.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { addGuest, guestsOf } from '../../../../src/network/private/guests.ts';
import { writeNetwork } from '../../../../src/network/private/network-shelf.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { type TemporaryDirectory, makeTemporaryDirectory } from '../../../directory.ts';

let directory: TemporaryDirectory;
let locations: ReturnType<typeof locate>;

const usable = { usable: true } as const;
const host = {
  confinement: {
    landlock: { usable: true, abi: 6 },
    seccomp: usable,
    namespaces: { mount: usable, net: usable, ipc: usable, uts: usable },
  },
} as const;
const member = { network: 'lan', address: '10.9.0.2', mac: '52:54:0a:09:00:02' };

beforeEach(() => {
  directory = makeTemporaryDirectory();
  locations = locate({}, directory.path, 0);
  mkdirSync(locations.networks, { recursive: true });
  writeNetwork(locations.networks, {
    version: 1,
    name: 'lan',
    createdAt: new Date().toISOString(),
    subnet: '10.9.0.0/24',
    ipv6: 'fd12:3456:789a::',
    mtu: 9000,
    partitions: [],
  });
});
afterEach(() => directory.remove());

const cards = (spec: Partial<MachineSpec>) =>
  planPrivateCards(
    { name: 'web', net: 'none', boot: { kind: 'image', image: 'micro' }, ...spec } as MachineSpec,
    machineFiles(locations, 'web', '00000000'),
    host as unknown as Parameters<typeof planPrivateCards>[2],
  );

test('a card has the network’s MTU or its own, and a confined switch and plug', () => {
  expect(cards({})).toEqual([]);
  const [card] = cards({ networks: [member] });
  expect(card).toMatchObject({
    mtu: 9000,
    addresses: ['10.9.0.2/24', 'fd12:3456:789a::2/64'],
    switchDirectory: join(locations.networks, 'lan', 'switch'),
    switchLayers: { namespaces: ['mount', 'net', 'ipc', 'uts'], gaps: [] },
    plugLayers: { namespaces: ['mount', 'net', 'ipc', 'uts'], gaps: [] },
  });
  expect(card?.switchLayers.seccomp).toContain('connect');
  expect(card?.plugLayers.seccomp).toContain('processes');
  expect(cards({ networks: [{ ...member, mtu: 1500 }] })).toMatchObject([{ mtu: 1500 }]);
});

test('a guest from a disk gets both addresses too', () => {
  expect(cards({ networks: [member], boot: { kind: 'firmware' } })).toMatchObject([
    { addresses: ['10.9.0.2/24', 'fd12:3456:789a::2/64'] },
  ]);
});

test('a missing network, or another one of the same name, is reported', () => {
  expect(() => cards({ networks: [{ ...member, network: 'gone' }] })).toThrow(
    expect.objectContaining({
      message: 'machine "web" is in network "gone", which was removed',
      hint: expect.stringContaining('vmlet network disconnect gone web') as string,
    }),
  );
  expect(() => cards({ networks: [{ ...member, address: '10.8.0.2' }] })).toThrow(
    'cannot use its address 10.8.0.2 in network "lan", whose subnet is now 10.9.0.0/24',
  );
});

test('a throw-away machine is a member while its process lives', () => {
  const owner = identifyProcess(process.pid);
  if (!owner) throw new Error('no /proc');
  const forget = addGuest(locations.networks, { ...member, name: 'job' }, owner);
  addGuest(locations.networks, { ...member, name: 'dead' }, { ...owner, startTime: 1 });
  expect(guestsOf(locations.networks, 'lan').map(({ name }) => name)).toEqual(['job']);
  forget();
  expect(guestsOf(locations.networks, 'lan')).toEqual([]);
});
