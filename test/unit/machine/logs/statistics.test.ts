import { expect, test } from 'vitest';
import { rate } from '../../../../src/machine/logs/statistics-rate.ts';
import { type MachineStatistics, networkStatisticsOfGuest } from '../../../../src/machine/logs/statistics.ts';

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

test('a rate is computed from the host’s uptime, even if its clock was set', () => {
  const disk = { ...idle.disks[0]!, readBytes: 5000, readOperations: 14 };
  const later: MachineStatistics = {
    ...idle,
    readAt: 0,
    uptimeMs: 12_000,
    cpu: { qemuMs: 4_000, helpersMs: 200, virtualProcessorsMs: [2_500, 300] },
    disks: [disk, { ...disk, device: 'new', readBytes: 10 }],
    networks: [
      {
        source: 'host',
        interface: 'tap0',
        receivedBytes: 20,
        receivedPackets: 2,
        sentBytes: 0,
        sentPackets: 0,
      },
    ],
  };
  expect(rate(idle, later)).toMatchObject({
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

test('the guest’s counters exclude its loopback', () => {
  const statistics = { 'rx-bytes': 5n, 'rx-packets': 1, 'tx-bytes': 7, 'tx-packets': 2, 'rx-errs': 0 };
  expect(
    networkStatisticsOfGuest([{ name: 'lo', statistics }, { name: 'ens3', statistics }, { name: 'ens4' }]),
  ).toEqual([
    {
      source: 'guest',
      interface: 'ens3',
      receivedBytes: 5,
      receivedPackets: 1,
      sentBytes: 7,
      sentPackets: 2,
    },
  ]);
});
