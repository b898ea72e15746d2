import { expect, test } from 'vitest';
import {
  backingChain,
  blockNodeOf,
  diskDevice,
  seedDevice,
  seedNode,
} from '../../../../src/machine/qemu/block-node.ts';
import type { DiskPlan } from '../../../../src/machine/plan/plan.ts';
import { plainDisk } from '../plan/plain-plan.ts';

const plain: DiskPlan = { ...plainDisk, path: '/m/a,b"c.qcow2' };

test('a standalone qcow2 states that it has no backing file', () => {
  expect(blockNodeOf(plain)).toEqual({
    driver: 'qcow2',
    'node-name': 'disk0',
    'read-only': false,
    discard: 'unmap',
    file: { driver: 'file', filename: '/m/a,b"c.qcow2' },
    backing: null,
  });
});

test('a raw disk has no backing member, since the raw driver rejects one', () => {
  expect(blockNodeOf({ ...plain, format: 'raw' })).not.toHaveProperty('backing');
});

test('every file of a chain is listed with its format, read-only below the top, and terminated', () => {
  const raw = { path: '/base.raw', format: 'raw' } as const;
  const disk: DiskPlan = { ...plain, backing: { path: '/middle', format: 'qcow2', backing: raw } };
  expect(blockNodeOf(disk)['backing']).toEqual({
    driver: 'qcow2',
    'read-only': true,
    file: { driver: 'file', filename: '/middle', 'read-only': true },
    backing: {
      driver: 'raw',
      'read-only': true,
      file: { driver: 'file', filename: '/base.raw', 'read-only': true },
    },
  });
  expect(backingChain(disk).map(({ path }) => path)).toEqual(['/middle', '/base.raw']);
});

test.each([
  ['none', { direct: true }],
  ['unsafe', { 'no-flush': true }],
  ['writeback', undefined],
] as const)('cache %s', (cache, expected) => {
  expect(blockNodeOf({ ...plain, cache })['cache']).toEqual(expected);
});

test('a read-only disk and a disk without discard do not discard', () => {
  expect(blockNodeOf({ ...plain, readOnly: true })).not.toHaveProperty('discard');
  expect(blockNodeOf({ ...plain, discard: false })).not.toHaveProperty('discard');
});

test('the device has only the planned properties', () => {
  expect(diskDevice(plain)).toStrictEqual({ driver: 'virtio-blk-pci', drive: 'disk0', id: 'disk0-device' });
  expect(diskDevice({ ...plain, serial: 'data', bus: 'port3', bootIndex: 0 })).toEqual({
    driver: 'virtio-blk-pci',
    drive: 'disk0',
    id: 'disk0-device',
    serial: 'data',
    bus: 'port3',
    addr: '0',
    bootindex: 0,
  });
});

test('the seed is a read-only raw disk, on a bus only if planned', () => {
  expect(seedNode({ path: '/m/seed.img', bus: undefined })).toEqual({
    driver: 'raw',
    'node-name': 'seed',
    'read-only': true,
    file: { driver: 'file', filename: '/m/seed.img', 'read-only': true },
  });
  const device = { driver: 'virtio-blk-pci', drive: 'seed', id: 'seed-device', serial: 'seed' };
  expect(seedDevice({ path: '/m/seed.img', bus: undefined })).toStrictEqual(device);
  expect(seedDevice({ path: '/m/seed.img', bus: 'port7' })).toStrictEqual({ ...device, bus: 'port7' });
});
