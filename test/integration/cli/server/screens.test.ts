import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RunningMachines } from '../../../../src/cli/server/live/running-machines.ts';
import { Screens } from '../../../../src/cli/server/live/screens.ts';
import { readProcessTimeNow } from '../../../../src/machine/logs/process-usage.ts';
import type { MachineStore } from '../../../../src/machines/index.ts';
import { until } from '../../../until.ts';

/** The time after which a picture is not new any more. */
const LATER_MS = 3000;

let qemu: ChildProcess;
let pictures = 0;
let state = 'running';

beforeEach(async () => {
  pictures = 0;
  state = 'running';
  qemu = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(qemu, 'spawn');
  // It has loaded and waits.
  qemu.stdin?.write('x');
  if (qemu.stdout) await once(qemu.stdout, 'data');
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(async () => {
  vi.useRealTimers();
  qemu.kill('SIGKILL');
  if (qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit');
});

/** A store of one machine, whose QEMU is `cat`. Its pictures are counted. */
function screens(): Screens {
  const machine = {
    status: () => ({ kind: 'running', state, startedAt: new Date(0), qemu: { pid: qemu.pid } }),
    live: () => ({ screenshot: async () => Promise.resolve(Buffer.from(`picture ${++pictures}`)) }),
  };
  return new Screens(new RunningMachines({ get: () => machine } as unknown as MachineStore));
}

test('a QEMU that has used no processor time has the same picture, for two minutes', async () => {
  const all = screens();
  const first = await all.get('web');
  // The reading after the picture.
  await all.get('web');
  for (let ms = 0; ms < 110_000; ms += LATER_MS) {
    vi.advanceTimersByTime(LATER_MS);
    expect((await all.get('web')).tag).toBe(first.tag);
  }
  expect(pictures).toBe(1);
  vi.advanceTimersByTime(20_000);
  await all.get('web');
  expect(pictures).toBe(2);
});

test('a QEMU that has worked has another picture, as soon as the last one is two seconds old', async () => {
  const all = screens();
  await all.get('web');
  const before = readProcessTimeNow(qemu.pid ?? 0)?.cpuMs;
  await until(() => {
    qemu.stdin?.write(Buffer.alloc(65_536));
    qemu.stdout?.read();
    return readProcessTimeNow(qemu.pid ?? 0)?.cpuMs !== before;
  });
  await all.get('web');
  expect(pictures).toBe(1);
  vi.advanceTimersByTime(LATER_MS);
  await all.get('web');
  expect(pictures).toBe(2);
});

test('a paused machine has its last picture, even if QEMU works', async () => {
  state = 'paused';
  const all = screens();
  await all.get('web');
  vi.advanceTimersByTime(10 * LATER_MS);
  await all.get('web');
  expect(pictures).toBe(1);
  state = 'running';
  await all.get('web');
  expect(pictures).toBe(2);
});
