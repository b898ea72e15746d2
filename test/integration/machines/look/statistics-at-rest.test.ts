import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readHostUptime, readProcessTimeNow } from '../../../../src/machine/logs/process-usage.ts';
import { statisticsAtRest } from '../../../../src/machines/look/statistics-at-rest.ts';
import type { MachineStatistics, MachineStatus } from '../../../../src/machines/index.ts';
import { until } from '../../../until.ts';

let qemu: ChildProcess;

beforeEach(async () => {
  qemu = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(qemu, 'spawn');
  // A test may end, and it with it, before everything is written.
  qemu.stdin?.on('error', () => undefined);
  // It has loaded and waits.
  qemu.stdin?.write('x');
  if (qemu.stdout) await once(qemu.stdout, 'data');
});
afterEach(async () => {
  qemu.kill('SIGKILL');
  if (qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit');
});

const pid = (): number => qemu.pid ?? 0;
const running = (): MachineStatus =>
  ({ kind: 'running', state: 'running', qemu: { pid: pid() } }) as unknown as MachineStatus;

function reading(): MachineStatistics {
  const time = readProcessTimeNow(pid());
  if (!time) throw new Error('the process has ended');
  return {
    ...{ version: 1, readAt: Date.now(), uptimeMs: readHostUptime() - time.startedMs },
    cpu: { qemuMs: time.cpuMs, helpersMs: 0, virtualProcessorsMs: [] },
    memory: { guestBytes: 1, balloonBytes: null, rssBytes: 2, pssBytes: 3 },
    ...{ disks: [], networks: null },
  };
}

test('a QEMU that has used no processor time has the same statistics, at a later time', async () => {
  const last = reading();
  const later = await until(() => {
    const again = statisticsAtRest(running(), last);
    return again && again.uptimeMs > last.uptimeMs ? again : undefined;
  });
  expect(later).toEqual({ ...last, readAt: later.readAt, uptimeMs: later.uptimeMs });
  expect(later.readAt).toBeGreaterThan(last.readAt);
});

test('a QEMU that has worked is read again', async () => {
  const last = reading();
  qemu.stdout?.resume();
  await until(() => {
    qemu.stdin?.write(Buffer.alloc(4 * 1024 ** 2));
    return statisticsAtRest(running(), last) === undefined;
  });
});

test('a QEMU that has used very little is read again after ten seconds, and shows the time that it used', () => {
  const now = reading();
  const ago = (ms: number, usedMs: number): MachineStatistics => ({
    ...now,
    readAt: now.readAt - ms,
    uptimeMs: now.uptimeMs - ms,
    cpu: { ...now.cpu, qemuMs: now.cpu.qemuMs - usedMs },
  });
  expect(statisticsAtRest(running(), ago(8000, 70))?.cpu).toEqual(now.cpu);
  expect(statisticsAtRest(running(), ago(8000, 90))).toBeUndefined();
  expect(statisticsAtRest(running(), ago(12_000, 10))).toBeUndefined();
  expect(statisticsAtRest(running(), ago(12_000, 0))?.cpu).toEqual(now.cpu);
});

test('another QEMU of the same machine is read, and one that has ended is not', async () => {
  const last = reading();
  expect(statisticsAtRest(running(), { ...last, uptimeMs: last.uptimeMs + 5000 })).toBeUndefined();
  expect(statisticsAtRest({ kind: 'created' }, last)).toBeUndefined();
  qemu.kill('SIGKILL');
  await once(qemu, 'exit');
  expect(statisticsAtRest(running(), last)).toBeUndefined();
});
