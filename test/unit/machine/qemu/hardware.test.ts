import { expect, it } from 'vitest';
import type { NamedPlan } from '../../../../src/machine/plan/named-plan.ts';
import { hardwareDifferences, hardwareOf } from '../../../../src/machine/qemu/hardware.ts';
import type { BoundNetworkPlan } from '../../../../src/network/plan/network.ts';
import { plainDisk, plainNamedPlan } from '../plan/plain-plan.ts';

const differences = (then: Partial<NamedPlan>, now: Partial<NamedPlan>): string[] =>
  hardwareDifferences(hardwareOf({ ...plainNamedPlan, ...then }), hardwareOf({ ...plainNamedPlan, ...now }));
const cd = (name: string) => ({ name, path: undefined, bootIndex: 0 });
const share = (bus: string | undefined): NamedPlan['shares'][number] =>
  ({ tag: 'share0', target: '/srv', bus }) as unknown as NamedPlan['shares'][number];
const volume = (name: string): NamedPlan['volumes'][number] =>
  ({ name, target: `/${name}` }) as unknown as NamedPlan['volumes'][number];
const kernel = {
  kind: 'kernel',
  kernelPath: '/k',
  initrdPath: undefined,
  initrdBase: undefined,
  commandLine: '',
} as const;
const firmware = { code: { path: '/CODE.fd' } } as unknown as NamedPlan['firmware'];
const bridge = { number: 0, descriptor: 9, mac: '52:54:00:00:00:09' };
const further = { number: 1, descriptor: 10, mac: '52:54:00:00:00:0b', mtu: 1500 };
const card = (number: number, bus: string | undefined) =>
  ({
    network: `lan${number}`,
    card: number,
    socketPath: '/s',
    bus,
    mac: `52:54:0a:09:00:0${number}`,
    mtu: 1500,
  }) as unknown as NamedPlan['privateCards'][number];
const slirp = { backend: 'slirp', guest: { mac: bridge.mac } } as unknown as BoundNetworkPlan;

it.each<[Partial<NamedPlan>, Partial<NamedPlan>, string]>([
  [{ memoryBytes: 1024 ** 3 }, { memoryBytes: 2 * 1024 ** 3 }, 'memory: was 1 GiB, is now 2 GiB'],
  [{ cpus: 1 }, { cpus: 2 }, 'processors: was 1 (host, kvm), is now 2 (host, kvm)'],
  [{ cpu: 'host' }, { cpu: 'max' }, 'processors: was 1 (host, kvm), is now 1 (max, kvm)'],
  [
    {},
    { accelerator: { kind: 'tcg', reason: 'asked for' } },
    'processors: was 1 (host, kvm), is now 1 (host, tcg)',
  ],
  [
    { board: { type: 'q35', options: { usb: 'off', hpet: 'off' } } },
    { board: { type: 'q35', options: { hpet: 'off' } } },
    'board: was hpet=off usb=off, is now hpet=off',
  ],
  [{}, { firmware }, 'firmware: was bios, is now /CODE.fd'],
  [{}, { boot: kernel }, 'direct kernel: was no, is now yes'],
  [{ tpmSocket: '/tpm' }, {}, 'TPM: was yes, is now no'],
  [{ vncSocket: '/vnc' }, {}, 'screen: was yes, is now no'],
  [{ network: slirp }, {}, 'network card: was yes, is now no'],
  [{}, { bridges: [bridge] }, 'network card: was no, is now yes'],
  [
    { bridges: [bridge] },
    { bridges: [{ ...bridge, mtu: 9000 }] },
    'MTU on the bridge: was none, is now 9000',
  ],
  [
    { bridges: [{ ...bridge, mtu: 9000 }, further] },
    {
      bridges: [
        { ...bridge, mtu: 9000 },
        { ...further, mtu: 1400 },
      ],
    },
    'MTU on the bridge: was 9000, is now 9000, 1400 (bridge1)',
  ],
  [
    { network: slirp },
    { network: slirp, bridges: [further, { ...further, number: 2 }] },
    'cards on bridges: was none, is now bridge1 (52:54:00:00:00:0b), bridge2 (52:54:00:00:00:0b)',
  ],
  [
    { network: slirp },
    { bridges: [{ ...bridge, mac: '52:54:00:00:00:0a' }] },
    'MAC address: was 52:54:00:00:00:09, is now 52:54:00:00:00:0a',
  ],
  [{ cdroms: [cd('cd1'), cd('cd0')] }, {}, 'CD drives: was cd0, cd1, is now none'],
  [
    { disks: [{ ...plainDisk, bus: 'port0' }] },
    { disks: [{ ...plainDisk, bus: 'port1', readOnly: true }] },
    'disks: was disk0 in port0, is now disk0 in port1 (read-only)',
  ],
  [{ disks: [plainDisk] }, {}, 'disks: was disk0 in , is now none'],
  [
    { shares: [share('share0')] },
    { shares: [share(undefined)] },
    'shared directories: was share0 at /srv in share0, is now share0 at /srv',
  ],
  [
    { privateCards: [card(2, undefined), card(1, 'port1')] },
    {},
    'private networks: was lan1 in port1 (52:54:0a:09:00:01, MTU 1500), lan2 (52:54:0a:09:00:02, MTU 1500), is now none',
  ],
  [{ volumes: [volume('b'), volume('a')] }, {}, 'volumes: was a at /a, b at /b, is now none'],
])('distinguishes %j from %j: %s', (then, now, difference) => {
  expect(differences(then, now)).toEqual([difference]);
});

it.each<[Partial<NamedPlan>, Partial<NamedPlan>]>([
  [{}, {}],
  [{ name: 'one' }, { name: 'other' }],
  [{ shares: [share(undefined)] }, { shares: [share(undefined)] }],
  [{ disks: [{ ...plainDisk, path: '/a' }] }, { disks: [{ ...plainDisk, path: '/b' }] }],
  [{ cdroms: [cd('cd0'), cd('cd1')] }, { cdroms: [cd('cd1'), cd('cd0')] }],
  [{ privateCards: [card(1, 'p'), card(2, 'q')] }, { privateCards: [card(2, 'q'), card(1, 'p')] }],
  [
    { board: { type: 'q35', options: { usb: 'off', hpet: 'off' } } },
    { board: { type: 'q35', options: { hpet: 'off', usb: 'off' } } },
  ],
  [{ network: slirp }, { bridges: [bridge] }],
  [{ bridges: [bridge] }, { bridges: [{ ...bridge, mtu: 1500 }] }],
  [{ bridges: [further] }, { bridges: [{ ...further, descriptor: 6 }] }],
])('converts memory of %j to %j', (then, now) => {
  expect(differences(then, now)).toEqual([]);
});

it('names fields that an older or newer vmlet did not record', () => {
  expect(hardwareDifferences({ memory: '1 GiB' }, { memory: '1 GiB', wheels: '4' })).toEqual([
    'wheels: was none, is now 4',
  ]);
  // A record of an earlier release has no address.
  expect(hardwareDifferences({}, { 'MAC address': bridge.mac })).toEqual([]);
  expect(hardwareDifferences({ wheels: '4' }, {})).toEqual(['wheels: was 4, is now none']);
  // Nor mounts and private networks.
  for (const part of ['shared directories', 'private networks', 'volumes'])
    expect(hardwareOf(plainNamedPlan)).not.toHaveProperty([part]);
});
