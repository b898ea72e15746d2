import { expect, test } from 'vitest';
import { rate } from '../../../../src/machine/logs/statistics-rate.ts';
import type { MachineStatistics, NetworkStatistics } from '../../../../src/machine/logs/statistics.ts';

const idle: MachineStatistics = {
  version: 1,
  readAt: 1_000_000,
  uptimeMs: 10_000,
  cpu: { qemuMs: 1_000, helpersMs: 100, virtualProcessorsMs: [500, 300] },
  memory: { guestBytes: 1024, balloonBytes: null, rssBytes: 512, pssBytes: 500 },
  disks: [
    {
      device: 'disk',
      node: 'node',
      readBytes: 1000,
      readOperations: 10,
      writtenBytes: 0,
      writeOperations: 0,
      flushOperations: 0,
      sizeBytes: 4096,
      allocatedBytes: 4096,
    },
  ],
  networks: null,
};

const tap = (receivedBytes: number, receivedPackets: number): NetworkStatistics => ({
  ...{ source: 'host', interface: 'tap0', receivedBytes, receivedPackets },
  ...{ sentBytes: 0, sentPackets: 0 },
});

test('a rate is computed from the host’s uptime, even if its clock was set', () => {
  const disk = { ...idle.disks[0]!, readBytes: 5000, readOperations: 14 };
  const later: MachineStatistics = {
    ...idle,
    readAt: 0,
    uptimeMs: 12_000,
    cpu: { qemuMs: 4_000, helpersMs: 200, virtualProcessorsMs: [2_500, 300] },
    disks: [disk, { ...disk, device: 'new', readBytes: 10 }],
    networks: [tap(30, 4)],
  };
  expect(rate({ ...idle, networks: [tap(10, 2)] }, later)).toMatchObject({
    seconds: 2,
    cpu: { percent: 155, virtualProcessorsPercent: [100, 0] },
    disks: [
      { device: 'disk', readBytes: 2000, readOperations: 2, writtenBytes: 0 },
      { device: 'new', readBytes: 5 },
    ],
    networks: [{ interface: 'tap0', receivedBytes: 10, receivedPackets: 1 }],
  });
});

test('a rate is undefined across two runs of a machine, and for two readings at one time', () => {
  expect(rate(idle, idle)).toBeUndefined();
  expect(rate(idle, { ...idle, uptimeMs: 500 })).toBeUndefined();
  expect(rate(idle, { ...idle, uptimeMs: 20_000, cpu: { ...idle.cpu, qemuMs: 10 } })).toBeUndefined();
});

test('a restarted helper counts from zero, and its rate is never negative', () => {
  const later = { ...idle, uptimeMs: 11_000, cpu: { ...idle.cpu, helpersMs: 20 } };
  expect(rate(idle, later)?.cpu.percent).toBe(0);
});

const card = (name: string, receivedBytes: number, sentBytes: number): NetworkStatistics => ({
  ...{ source: 'guest', interface: name, receivedBytes, sentBytes },
  ...{ receivedPackets: 1, sentPackets: 1 },
});
const counting = (uptimeMs: number, ...networks: NetworkStatistics[]): MachineStatistics => ({
  ...{ ...idle, uptimeMs, networks },
});

test('the rates of a network need two readings; a new interface counts from zero', () => {
  const first = counting(10_000, card('eth0', 100, 10));
  expect(rate(idle, { ...first, uptimeMs: 12_000 })).toMatchObject({ seconds: 2, networks: null });
  expect(rate(first, { ...idle, uptimeMs: 12_000 })?.networks).toBeNull();
  const later = counting(12_000, card('eth0', 500, 30), card('eth1', 0, 8));
  expect(rate(first, later)?.networks).toMatchObject([
    { interface: 'eth0', receivedBytes: 200, receivedPackets: 0, sentBytes: 10 },
    { interface: 'eth1', receivedBytes: 0, sentBytes: 4 },
  ]);
  // One that is gone is left out.
  expect(rate(later, counting(13_000, card('eth0', 500, 30)))?.networks).toMatchObject([
    { interface: 'eth0', receivedBytes: 0, sentBytes: 0 },
  ]);
});

test.each([
  ['received', card('eth0', 99, 30)],
  ['sent', card('eth0', 100, 29)],
])('a network has no rates when a counter of what it %s has gone back', (_, now) => {
  const before = counting(10_000, card('eth0', 100, 30), card('eth1', 1, 1));
  const usage = rate(before, counting(11_000, card('eth1', 5, 5), now));
  expect(usage).toMatchObject({ seconds: 1, networks: null });
  const next = counting(12_000, card('eth1', 5, 5), { ...now, receivedBytes: now.receivedBytes + 7 });
  expect(rate(counting(11_000, card('eth1', 5, 5), now), next)?.networks?.[1]?.receivedBytes).toBe(7);
});
