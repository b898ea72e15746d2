import { describe, expect, it } from 'vitest';
import { qemuArguments } from '../../../../src/machine/qemu/argv.ts';
import type { MemoryPlan, Plan, VolumePlan } from '../../../../src/machine/plan/plan.ts';
import type { SharePlan } from '../../../../src/machine/share/share-plan.ts';
import { planNetwork } from '../../../../src/network/plan/network.ts';
import { plainDisk, plainPlan } from '../plan/plain-plan.ts';
import { deviceOf, objectsOf, valuesOf } from './command-line.ts';

function words(changes: Partial<Plan> = {}): string[] {
  return qemuArguments({ ...plainPlan, ...changes });
}

const MiB = 1024 ** 2;
const passt = { path: '/usr/bin/passt', hasFd: true, hasVhostUser: true, completesHandshakes: true };
const network = (backend: 'passt-stream' | 'passt-vhost-user' | 'slirp') => ({
  ...planNetwork(backend, [], passt, { ipv6Interface: undefined, nameservers: [] }),
  forwards: [],
});

describe('its identity', () => {
  it('has its name, and a process name within Linux’s limit', () => {
    expect(valuesOf(words(), '-name')).toEqual(['guest=web,process=vmlet-web']);
    expect(valuesOf(words({ name: 'abcdefghijkl' }), '-name')).toEqual([
      'guest=abcdefghijkl,process=vmlet-abcdefghi',
    ]);
  });

  it('reads no user configuration and gets no unlisted devices', () => {
    expect(words()).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config']));
  });

  it('drops system calls if QEMU supports it', () => {
    expect(words()).not.toContain('-sandbox');
    expect(valuesOf(words({ sandbox: true }), '-sandbox')).toEqual([
      'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    ]);
  });
});

describe('the board', () => {
  it('has its options, and its memory by name', () => {
    expect(valuesOf(words(), '-machine')).toEqual(['q35,hpet=off,memory-backend=memory']);
    expect(valuesOf(words({ cpu: 'Haswell-v4', cpus: 3 }), '-cpu')).toEqual(['Haswell-v4']);
    expect(valuesOf(words({ cpus: 3 }), '-smp')).toEqual(['3']);
    expect(valuesOf(words(), '-display')).toEqual(['none']);
  });

  it.each([
    ['kvm', 1, 'kvm'],
    ['kvm', 2, 'kvm'],
    ['tcg', 1, 'tcg'],
    // The threads of several processors race.
    ['tcg', 2, 'tcg,thread=single'],
  ] as const)('is accelerated by %s with %d processors: %s', (kind, cpus, expected) => {
    const accelerator = kind === 'kvm' ? ({ kind, cpu: 'host' } as const) : ({ kind } as Plan['accelerator']);
    expect(valuesOf(words({ accelerator, cpus }), '-accel')).toEqual([expected]);
  });

  it('ends at a reset only if planned', () => {
    expect(words({ onReset: 'end' })).toContain('-no-reboot');
    expect(words({ onReset: 'restart' })).not.toContain('-no-reboot');
  });

  it('ends a boot that fails only if a reset ends it', () => {
    const boot = { kind: 'disk' } as const;
    expect(valuesOf(words({ boot, onReset: 'end' }), '-boot')).toEqual(['reboot-timeout=0']);
    expect(words({ boot, onReset: 'restart' })).not.toContain('-boot');
    expect(words({ boot: { ...boot, waitsForUser: true }, onReset: 'end' })).not.toContain('-boot');
  });

  it('has the firmware’s flash before everything that depends on it', () => {
    const firmware = {
      code: { path: '/CODE.fd', format: 'raw' },
      secureBoot: false,
      needsSmm: true,
      variablesPath: '/disks/m/nvram.qcow2',
    } as unknown as Plan['firmware'];
    const all = words({ firmware, disks: [plainDisk] });
    expect(all[0]).toBe('-blockdev');
    expect(objectsOf(all, '-blockdev').map((node) => node['node-name'])).toEqual([
      'firmware-code',
      'firmware-vars',
      'disk0',
    ]);
    expect(objectsOf(all, '-blockdev')[1]).toMatchObject({ file: { filename: '/disks/m/nvram.qcow2' } });
    expect(valuesOf(all, '-machine')).toEqual([
      'q35,hpet=off,pflash0=firmware-code,pflash1=firmware-vars,smm=on,memory-backend=memory',
    ]);
    expect(objectsOf(words(), '-blockdev')).toEqual([]);
  });
});

describe('memory', () => {
  const backendOf = (memory: MemoryPlan) =>
    objectsOf(words({ memory }), '-object').find(({ id }) => id === 'memory');

  it('is counted in KiB, and its backend has as many bytes', () => {
    expect(valuesOf(words({ memoryBytes: 300 * MiB }), '-m')).toEqual(['size=307200k']);
    expect(backendOf({ kind: 'private' })).toEqual({
      'qom-type': 'memory-backend-ram',
      id: 'memory',
      size: 256 * MiB,
    });
  });

  it('that passt reaches is shared', () => {
    expect(backendOf({ kind: 'shared' })).toMatchObject({ 'qom-type': 'memory-backend-memfd', share: true });
  });

  it('of a template goes into its file, that of a fork does not', () => {
    const path = '/t/memory';
    const file = { 'qom-type': 'memory-backend-file', 'mem-path': path };
    expect(backendOf({ kind: 'file', path })).toMatchObject({ ...file, share: true });
    expect(backendOf({ kind: 'copy', path })).toMatchObject({ ...file, share: true });
    const fork = backendOf({ kind: 'copy-on-write', path, opensReadOnly: false });
    expect(fork).toMatchObject({ ...file, share: false });
    expect(fork).not.toHaveProperty('readonly');
    expect(backendOf({ kind: 'copy-on-write', path, opensReadOnly: true })).toMatchObject({
      ...file,
      share: false,
      readonly: true,
      rom: 'off',
    });
  });

  it('has a generation ID if forks need one', () => {
    const generation = { driver: 'vmgenid', guid: 'auto' };
    expect(objectsOf(words({ hasGenerationId: true }), '-device')).toContainEqual(generation);
    expect(objectsOf(words(), '-device')).not.toContainEqual(generation);
  });
});

describe('its connections', () => {
  it('is inherited, in the plan’s order', () => {
    expect(valuesOf(words(), '-chardev')).toEqual([
      'socket,id=monitor,fd=3',
      'socket,id=console,fd=5',
      'socket,id=agent,fd=4',
    ]);
  });

  it('listens at a path without waiting for a client', () => {
    const wiring = { ...plainPlan.wiring, monitor: { kind: 'listening', path: '/run/a,b' } } as const;
    expect(valuesOf(words({ wiring }), '-chardev')[0]).toBe(
      'socket,id=monitor,path=/run/a,,b,server=on,wait=off',
    );
  });

  it('is a terminal that sends signals', () => {
    const wiring = { ...plainPlan.wiring, console: { kind: 'terminal' } } as const;
    expect(valuesOf(words({ wiring }), '-chardev')[1]).toBe('stdio,id=console,signal=on');
  });

  it('has a monitor in the form that this QEMU does not warn about', () => {
    expect(valuesOf(words(), '-mon')).toEqual(['chardev=monitor,mode=control']);
    const byObject = words({ monitorObjects: true });
    expect(byObject).not.toContain('-mon');
    expect(objectsOf(byObject, '-object')).toContainEqual({
      'qom-type': 'monitor-qmp',
      id: 'monitor',
      chardev: 'monitor',
    });
  });

  it('gives the guest a serial port, and the agent a named channel', () => {
    const devices = objectsOf(words(), '-device');
    expect(devices).toContainEqual({ driver: 'isa-serial', chardev: 'console' });
    // QEMU’s own agent uses the second one, and the first cannot be used.
    expect(devices).toContainEqual({ driver: 'virtio-serial-pci', id: 'channels', max_ports: 3 });
    expect(deviceOf(words(), 'agent')).toEqual({
      driver: 'virtserialport',
      bus: 'channels.0',
      nr: 1,
      chardev: 'agent',
      id: 'agent',
      name: 'vmlet.agent',
    });
  });

  it('reports panics, and gives the guest random numbers', () => {
    const devices = objectsOf(words(), '-device');
    expect(devices).toContainEqual({ driver: 'pvpanic' });
    expect(devices).toContainEqual({ driver: 'virtio-rng-pci', rng: 'entropy' });
    expect(objectsOf(words(), '-object')).toContainEqual({ 'qom-type': 'rng-builtin', id: 'entropy' });
  });
});

describe('the network', () => {
  it('is none unless planned', () => {
    expect(words()).not.toContain('-netdev');
    expect(deviceOf(words(), 'network-device')).toBeUndefined();
  });

  it('uses the inherited descriptor, or the machine’s path', () => {
    const stream = words({ network: network('passt-stream') });
    expect(objectsOf(stream, '-netdev')).toEqual([
      { type: 'stream', id: 'network', server: false, addr: { type: 'fd', str: '6' } },
    ]);
    expect(valuesOf(stream, '-chardev')).toHaveLength(3);
    const vhost = words({ network: network('passt-vhost-user') });
    expect(valuesOf(vhost, '-chardev')).toContain('socket,id=network-passt,path=/run/m/network.sock');
    expect(objectsOf(vhost, '-netdev')).toMatchObject([{ type: 'vhost-user', chardev: 'network-passt' }]);
  });

  it('has a card without a boot ROM', () => {
    expect(deviceOf(words({ network: network('slirp') }), 'network-device')).toEqual({
      driver: 'virtio-net-pci',
      id: 'network-device',
      netdev: 'network',
      mac: '52:54:00:12:34:56',
      romfile: '',
    });
  });

  it.each<[MemoryPlan, boolean]>([
    [{ kind: 'private' }, true],
    [{ kind: 'shared' }, true],
    [{ kind: 'file', path: '/t' }, false],
    [{ kind: 'copy', path: '/t' }, false],
    [{ kind: 'copy-on-write', path: '/t', opensReadOnly: true }, false],
  ])('with memory %j can announce itself: %s', (memory, may) => {
    const all = words({ memory, network: network('slirp'), cards: [{ mac: '52:54:00:00:00:01' }] });
    for (const id of ['network-device', 'card0-device']) {
      const announces = deviceOf(all, id)?.['guest_announce'];
      expect(announces).toBe(may ? undefined : false);
    }
  });

  it('has a card for each private network, each with a socket of its own', () => {
    const cards = [{ mac: '52:54:00:00:00:01' }, { mac: '52:54:00:00:00:02' }];
    const alone = words({ cards });
    expect(objectsOf(alone, '-netdev')).toEqual([
      { type: 'stream', id: 'card0', server: true, addr: { type: 'unix', path: '/run/m/card0.sock' } },
      { type: 'stream', id: 'card1', server: true, addr: { type: 'unix', path: '/run/m/card1.sock' } },
    ]);
    expect(deviceOf(alone, 'card1-device')).toEqual({
      driver: 'virtio-net-pci',
      id: 'card1-device',
      netdev: 'card1',
      mac: '52:54:00:00:00:02',
      romfile: '',
    });
  });

  it('has unplugged cards in a template', () => {
    const wiring = { ...plainPlan.wiring, cards: 'none' } as const;
    const all = words({ wiring, cards: [{ mac: '52:54:00:00:00:01' }] });
    expect(all).not.toContain('-netdev');
    expect(deviceOf(all, 'card0-device')).not.toHaveProperty('netdev');
  });
});

describe('disks', () => {
  it('are listed in order, the seed last', () => {
    const disks = [plainDisk, { ...plainDisk, nodeName: 'disk1' }];
    const all = words({ disks, seed: { path: '/disks/m/seed.img', bus: undefined } });
    expect(objectsOf(all, '-blockdev').map((node) => node['node-name'])).toEqual(['disk0', 'disk1', 'seed']);
    const drives = objectsOf(all, '-device').filter(({ driver }) => driver === 'virtio-blk-pci');
    expect(drives.map(({ drive }) => drive)).toEqual(['disk0', 'disk1', 'seed']);
  });

  it('boot by firmware, and a kernel with its parameters', () => {
    for (const option of ['-kernel', '-initrd', '-append']) expect(words()).not.toContain(option);
    const boot = {
      kind: 'kernel',
      kernelPath: '/vmlinuz',
      initrdPath: '/initrd',
      initrdBase: undefined,
      commandLine: 'quiet a,b',
    } as const;
    const all = words({ boot });
    expect([valuesOf(all, '-kernel'), valuesOf(all, '-initrd'), valuesOf(all, '-append')]).toEqual([
      ['/vmlinuz'],
      ['/initrd'],
      ['quiet a,b'],
    ]);
    expect(valuesOf(words({ boot: { ...boot, initrdPath: undefined } }), '-initrd')).toEqual([]);
  });
});

it('shares directories by sockets of their own, after the disks', () => {
  const share = { tag: 'share0', socketPath: '/run/m,/share0.sock' } as SharePlan;
  const all = words({ disks: [plainDisk], shares: [share] });
  expect(valuesOf(all, '-chardev')).toContain('socket,id=share0,path=/run/m,,/share0.sock');
  expect(objectsOf(all, '-device').at(-1)).toEqual({
    driver: 'vhost-user-fs-pci',
    id: 'share0-device',
    chardev: 'share0',
    tag: 'share0',
  });
});

it('leaves out the disks, volumes and shares that are plugged in later', () => {
  const volume = (nodeName: string, port?: string) =>
    ({ disk: { ...plainDisk, nodeName }, port }) as VolumePlan;
  const share = (tag: string, port?: string) =>
    ({ tag, socketPath: `/run/m/${tag}.sock`, port }) as SharePlan;
  const all = words({
    disks: [plainDisk, { ...plainDisk, nodeName: 'disk1', isPlugged: true }],
    volumes: [volume('volume0'), volume('volume1', 'port0')],
    shares: [share('share0'), share('share1', 'port1')],
  });
  expect(objectsOf(all, '-blockdev').map((node) => node['node-name'])).toEqual(['disk0', 'volume0']);
  const pluggable = objectsOf(all, '-device').flatMap(({ drive, tag }) => drive ?? tag ?? []);
  expect(pluggable).toEqual(['disk0', 'volume0', 'share0']);
});

it('waits for its launcher, or for memory, only if planned', () => {
  expect(words()).not.toContain('-S');
  expect(words()).not.toContain('-incoming');
  expect(words({ startPaused: true })).toContain('-S');
  expect(valuesOf(words({ incoming: true }), '-incoming')).toEqual(['defer']);
});
