import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GuestAlarmError, TimedOutError } from '../../../../src/errors/index.ts';
import type { Machine } from '../../../../src/machine/running/machine.ts';
import type { ExpectedAlarm } from '../../../../src/testing/guests/guest-alarm.ts';
import { MachineRun } from '../../../../src/testing/guests/machine-run.ts';
import { TestGuests } from '../../../../src/testing/guests/test-guests.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';

const FULL = { disk: 'disk0' };
const template = vi.hoisted(() => ({ fork: vi.fn<() => Promise<unknown>>() }));

vi.mock('../../../../src/testing/guests/shared-templates.ts', () => ({
  templateOf: async () => Promise.resolve(template),
  templateName: () => 'test',
}));
vi.mock('../../../../src/testing/bundle/failure-bundle.ts', () => ({
  writeFailureBundle: async () => Promise.reject(new Error('no space for the bundle')),
}));

/** A machine without a process, whose guest never writes its volumes back. */
class HungMachine {
  readonly name = 'hung';
  readonly plan = { volumes: [{ readOnly: false }], disks: [] as object[] };
  readonly qmp = {
    on: () => () => undefined,
    execute: vi.fn<(command: string, words?: object) => Promise<object>>().mockResolvedValue({}),
  };
  readonly console: { last: () => string[]; onOutput: () => () => void };
  readonly #end = deferred<object>();
  readonly ended = this.#end.promise;
  readonly #listeners = new Set<(what: object) => void>();
  outOfSpace: object | undefined;

  constructor(lines: string[] = []) {
    this.console = { last: () => lines, onOutput: () => () => undefined };
  }

  onOutOfSpace(listener: (what: object) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  runOutOfSpace(): void {
    this.outOfSpace = FULL;
    for (const listener of this.#listeners) listener(FULL);
  }

  async kill(): Promise<object> {
    this.#end.resolve({ kind: 'killed' });
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ended;
  }
}

function runOf(machine: HungMachine, ...expectedAlarms: ExpectedAlarm[]): MachineRun {
  return new MachineRun(machine as unknown as Machine, { expectedAlarms });
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a guest with a volume is ended', () => {
  it('at once when the host still has no space for its disks', async () => {
    const machine = new HungMachine();
    const run = runOf(machine, 'no-space');
    machine.runOutOfSpace();
    machine.qmp.execute.mockImplementation(async (command) => {
      if (command === 'cont') machine.runOutOfSpace();
      return Promise.resolve({});
    });
    await run[Symbol.asyncDispose]();
  });

  it('at once when the host has no space left for what it writes back', async () => {
    const machine = new HungMachine();
    const ending = runOf(machine, 'no-space')[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(1000);
    machine.runOutOfSpace();
    await ending;
  });

  it('at once when its kernel has panicked', async () => {
    await runOf(new HungMachine(['Kernel panic - not syncing: sysrq']), 'panic')[Symbol.asyncDispose]();
  });

  it('after the faults that keep it from writing', async () => {
    const machine = new HungMachine();
    machine.plan.disks.push({ nodeName: 'disk0', readOnly: false });
    const run = runOf(machine);
    await run.faults.pause();
    await run.faults.disk.slow({ bytesPerSecond: 1 });
    await run.faults.disk.fail();
    machine.qmp.execute.mockClear();
    const ending = run[Symbol.asyncDispose]();
    await vi.advanceTimersByTimeAsync(1000);
    const calls = machine.qmp.execute.mock.calls;
    expect(calls.map(([command]) => command).sort()).toEqual([
      'block_set_io_throttle',
      'blockdev-del',
      'cont',
      'qom-set',
    ]);
    expect(calls).toContainEqual(['block_set_io_throttle', expect.objectContaining({ bps: 0 })]);
    await machine.kill();
    await ending;
  });

  it('with an error when it does not answer', async () => {
    const ending = runOf(new HungMachine())[Symbol.asyncDispose]();
    const failed = expect(ending).rejects.toThrow(TimedOutError);
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
  });
});

describe('the end of a test', () => {
  it.each([
    ['a test that passed', undefined],
    ['a test that failed otherwise', new Error('a consequence')],
  ])('reports the alarm of a guest that hangs after %s', async (_, failure) => {
    template.fork.mockResolvedValue(new HungMachine(['[    1.000000] Oops: 0000 [#1]']));
    const guests = new TestGuests({ names: ['a test'] });
    await guests.fork('vm', { image: 'micro' });
    const ending = guests.finish(failure);
    const failed = expect(ending).rejects.toThrow(GuestAlarmError);
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
  });

  it('reports what else failed when the test has reported the alarm', async () => {
    template.fork.mockResolvedValue(new HungMachine(['[    1.000000] Oops: 0000 [#1]']));
    const guests = new TestGuests({ names: ['a test'] });
    const { alarm } = await guests.fork('vm', { image: 'micro' });
    const failed = expect(guests.finish(alarm.error)).rejects.toThrow(TimedOutError);
    await vi.advanceTimersByTimeAsync(20_000);
    await failed;
  });
});
