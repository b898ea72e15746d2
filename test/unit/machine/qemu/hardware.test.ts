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
const kernel = {
  kind: 'kernel',
  kernelPath: '/k',
  initrdPath: undefined,
  initrdBase: undefined,
  commandLine: '',
} as const;
const firmware = { code: { path: '/CODE.fd' } } as unknown as NamedPlan['firmware'];
const bridge = { descriptor: 9, mac: '52:54:00:00:00:09' };

it.each<[Partial<NamedPlan>, Partial<NamedPlan>, string]>([
  [{ memoryBytes: 1024 ** 3 }, { memoryBytes: 2 * 1024 ** 3 }, 'memory: 1 GiB then, 2 GiB now'],
  [{ cpus: 1 }, { cpus: 2 }, 'processors: 1 (host, kvm) then, 2 (host, kvm) now'],
  [{ cpu: 'host' }, { cpu: 'max' }, 'processors: 1 (host, kvm) then, 1 (max, kvm) now'],
  [
    {},
    { accelerator: { kind: 'tcg', reason: 'asked for' } },
    'processors: 1 (host, kvm) then, 1 (host, tcg) now',
  ],
  [
    { board: { type: 'q35', options: { usb: 'off', hpet: 'off' } } },
    { board: { type: 'q35', options: { hpet: 'off' } } },
    'board: hpet=off usb=off then, hpet=off now',
  ],
  [{}, { firmware }, 'firmware: bios then, /CODE.fd now'],
  [{}, { boot: kernel }, 'direct kernel: no then, yes now'],
  [{ tpmSocket: '/tpm' }, {}, 'TPM: yes then, no now'],
  [{ vncSocket: '/vnc' }, {}, 'screen: yes then, no now'],
  [{ network: { backend: 'slirp' } as BoundNetworkPlan }, {}, 'network card: yes then, no now'],
  [{}, { bridge }, 'network card: no then, yes now'],
  [{ cdroms: [cd('cd1'), cd('cd0')] }, {}, 'CD drives: cd0, cd1 then, none now'],
  [
    { disks: [{ ...plainDisk, bus: 'port0' }] },
    { disks: [{ ...plainDisk, bus: 'port1', readOnly: true }] },
    'disks: disk0 in port0 then, disk0 in port1 (read-only) now',
  ],
  [{ disks: [plainDisk] }, {}, 'disks: disk0 in  then, none now'],
  [
    { shares: [share('share0')] },
    { shares: [share(undefined)] },
    'shared directories: share0 at /srv in share0 then, share0 at /srv now',
  ],
])('distinguishes %j from %j: %s', (then, now, difference) => {
  expect(differences(then, now)).toEqual([difference]);
});

it.each<[Partial<NamedPlan>, Partial<NamedPlan>]>([
  [{}, {}],
  [{ name: 'one' }, { name: 'other' }],
  [{ shares: [share(undefined)] }, { shares: [share(undefined)] }],
  [{ disks: [{ ...plainDisk, path: '/a' }] }, { disks: [{ ...plainDisk, path: '/b' }] }],
  [{ cdroms: [cd('cd0'), cd('cd1')] }, { cdroms: [cd('cd1'), cd('cd0')] }],
  [
    { board: { type: 'q35', options: { usb: 'off', hpet: 'off' } } },
    { board: { type: 'q35', options: { hpet: 'off', usb: 'off' } } },
  ],
  [{ network: { backend: 'slirp' } as BoundNetworkPlan }, { bridge }],
])('converts memory of %j to %j', (then, now) => {
  expect(differences(then, now)).toEqual([]);
});

it('names fields that an older or newer vmlet did not record', () => {
  expect(hardwareDifferences({ memory: '1 GiB' }, { memory: '1 GiB', wheels: '4' })).toEqual([
    'wheels: none then, 4 now',
  ]);
  expect(hardwareDifferences({ wheels: '4' }, {})).toEqual(['wheels: 4 then, none now']);
});
