import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../../../src/host/survey/host.ts';
import { machineDirectory } from '../../../../src/machine/paths/directory.ts';
import type { Plan } from '../../../../src/machine/plan/plan.ts';
import {
  type QemuReach,
  connectsOf,
  longestFileOf,
  qemuConfinement,
  qemuLayers,
} from '../../../../src/machine/qemu/qemu-confinement.ts';
import type { BoundNetworkPlan, NetworkBackend } from '../../../../src/network/plan/network.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { plainDisk, plainPlan } from '../plan/plain-plan.ts';

const GiB = 1024 ** 3;
const inherited = { network: { descriptor: 6 } };
const byPath = { network: { descriptor: undefined } };

function network(backend: NetworkBackend): BoundNetworkPlan {
  return { backend } as BoundNetworkPlan;
}

it('a machine that inherits all connections opens none', () => {
  expect(connectsOf(undefined, byPath)).toBe('nowhere');
  expect(connectsOf(network('passt-stream'), inherited)).toBe('nowhere');
  expect(connectsOf(network('passt-stream'), byPath)).toBe('by-path');
  // QEMU does not accept an inherited descriptor for it.
  expect(connectsOf(network('passt-vhost-user'), inherited)).toBe('by-path');
  expect(connectsOf(undefined, inherited, true)).toBe('by-path');
  expect(connectsOf(network('slirp'), inherited)).toBe('anywhere');
});

it.each<[string, Partial<QemuReach>, boolean]>([
  ['inherited connections', {}, false],
  ['the socket of a helper', { sockets: ['/tpm'] }, true],
  ['a share', { shares: [{ socketPath: '/share0' }] as unknown as Plan['shares'] }, true],
])('QEMU with %s: may it connect to unix sockets?', (_, reach, may) => {
  const namespaces = Object.fromEntries(
    ['mount', 'net', 'ipc', 'uts'].map((name) => [name, { usable: false }]),
  );
  const confinement = { landlock: { usable: false }, seccomp: { usable: true }, namespaces };
  const { seccomp } = qemuLayers(
    { network: undefined, shares: [], wiring: inherited, longestFile: undefined, ...reach },
    { confinement } as unknown as Host,
  );
  expect(!seccomp.includes('connect')).toBe(may);
});

it('the longest file allows a full qcow2 and all memory, tables included', () => {
  const clusters = (20 * GiB) / 65_536;
  const disk = longestFileOf([{ createBytes: 20 * GiB }, { createBytes: undefined }], [], GiB);
  expect(disk).toBeGreaterThan(20 * GiB + clusters * 10 + 1024 ** 2);
  expect(disk).toBeLessThan(21 * GiB);
  const memory = longestFileOf([{ createBytes: GiB }], [], 8 * GiB);
  expect(memory).toBeGreaterThan(8 * GiB + ((8 * GiB) / 4096) * 8);
  expect(longestFileOf([], [], 64 * 1024 ** 2)).toBeGreaterThan(256 * 1024 ** 2);
});

it('the longest file is the larger of both plus overhead', () => {
  const beside = 256 * 1024 ** 2;
  expect(longestFileOf([{ createBytes: 64 }, { createBytes: 6400 }], [], 640)).toBe(6400 + 100 + beside);
  expect(longestFileOf([{ createBytes: 64 }], [], 641)).toBe(641 + 11 + beside);
  expect(longestFileOf([{ createBytes: 64 }], [{ sizeBytes: 6400 }], 641)).toBe(6400 + 100 + beside);
});

describe('QEMU’s rights on files', () => {
  const root = temporaryDirectory();
  const make = (name: string): string => {
    writeFileSync(join(root, name), '');
    return join(root, name);
  };
  const [image, user, locked] = [make('image'), make('user.raw'), make('locked.raw')];
  const directory = machineDirectory(join(root, 'sockets'), join(root, 'storage'));
  mkdirSync(directory.sockets);
  mkdirSync(directory.storage);
  const beside = make('storage.raw');
  const own = make('storage/disk0.qcow2');
  const host = { qemu: { path: '/usr/bin/qemu', dataDirectories: [] } } as unknown as Host;
  const layers: Plan['layers'] = {
    namespaces: [],
    landlock: { abi: 6, scoped: false, deniesTcp: false },
    seccomp: [],
    longestFile: undefined,
    gaps: [],
  };

  /** The rights of each path that has any. */
  function rights(changes: Partial<Plan> = {}): Map<string | undefined, string | undefined> {
    const words = qemuConfinement({ ...plainPlan, layers, directory, ...changes }, host);
    return new Map(
      words.flatMap((word, at) => (word === '--landlock' ? [[words[at + 2], words[at + 1]] as const] : [])),
    );
  }

  it('include writing the machine’s own files and adopted disks', () => {
    const disks = [own, user, beside].map((path) => ({ ...plainDisk, path }));
    const all = rights({ disks: [...disks, { ...plainDisk, path: locked, readOnly: true }] });
    expect(all.get(directory.sockets)).toContain('make-sock');
    expect(all.get(directory.storage)).toContain('make-reg');
    expect(all.get(user)).toBe('read-file,write-file,truncate,ioctl-dev');
    expect(all.get(beside)).toContain('write-file');
    // The rights on its directory are enough.
    expect(all.has(own)).toBe(false);
    expect(all.has(locked)).toBe(false);
  });

  it('include writing volumes and memory in a file', () => {
    const disk = { ...plainDisk, path: user };
    const volume = { name: 'v', target: '/v', readOnly: false, sizeBytes: 1, disk, port: undefined };
    const all = rights({ volumes: [volume], memory: { kind: 'file', path: beside } });
    expect(all.get(user)).toContain('write-file');
    expect(all.get(beside)).toContain('write-file');
  });

  it('include reading the planned files', () => {
    expect(rights({ readOnlyFiles: [image] }).get(image)).toBe('read-file,ioctl-dev');
    expect(rights().has(image)).toBe(false);
  });

  it('include KVM if it is used', () => {
    expect(rights().has('/dev/kvm')).toBe(existsSync('/dev/kvm'));
    expect(rights({ accelerator: { kind: 'tcg', reason: 'asked for' } }).has('/dev/kvm')).toBe(false);
  });

  it('include resolving names for slirp only', () => {
    // Every host that runs tests has a resolver file.
    const resolves = (changes: Partial<Plan>): boolean =>
      [...rights(changes).keys()].some((path) => path?.includes('resolv'));
    expect(resolves({ network: network('slirp') })).toBe(true);
    expect(resolves({ network: network('passt-stream') })).toBe(false);
    expect(resolves({})).toBe(false);
  });
});
