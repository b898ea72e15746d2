import { afterEach, describe, expect, it, vi } from 'vitest';
import { PortTakenError, TimedOutError } from '../../../../src/errors/index.ts';
import type { ForkOptions } from '../../../../src/template/fork-options.ts';
import type { HandedOver, PendingFork } from '../../../../src/template/pending-fork.ts';
import { Pool } from '../../../../src/template/pool/pool.ts';
import type { Template } from '../../../../src/template/template.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { awaitedLater } from '../../../until.ts';
import { plainPlan } from '../../machine/plan/plain-plan.ts';

const MiB = 1024 ** 2;

const ready = async (): Promise<Partial<PendingFork>> =>
  Promise.resolve({
    answers: async () => Promise.resolve(true),
    handOver: async () => Promise.resolve({} as HandedOver),
    [Symbol.asyncDispose]: async () => Promise.resolve(),
  });

/** A template whose forks are no processes. */
const template = { memoryBytes: 96 * MiB, plan: plainPlan, prepare: ready };

describe('a pool on a host with little memory', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    [96, 4],
    [95, 1],
    [0, 1],
  ])('of %i MiB keeps %i of 4 guests of 96 MiB waiting', async (available, waiting) => {
    await using pool = poolWith(() => available * MiB);
    await pool.full();
    expect(pool.waiting).toBe(waiting);
  });

  it('stops when the guests have used the memory, and says so once', async () => {
    const warnings: string[] = [];
    const log = { warn: (_: object, text: string) => warnings.push(text) } as unknown as ForkOptions['log'];
    let left = 200 * MiB;
    await using pool = poolWith(() => (left -= 40 * MiB), log && { log });
    await pool.full();
    await pool.full();
    expect(pool.waiting).toBe(2);
    expect(warnings).toEqual(['the host has too little memory for more guests of the pool']);
  });

  it('fills up by itself when memory is free again', async () => {
    vi.useFakeTimers();
    let available = 0;
    await using pool = poolWith(() => available);
    await pool.full();
    available = 96 * MiB;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(pool.waiting).toBe(4);
  });

  it('replaces its only guest at once', async () => {
    vi.useFakeTimers();
    await using pool = poolWith(() => 0);
    await pool.full();
    await pool.handOver();
    expect(pool.waiting).toBe(0);
    await vi.advanceTimersByTimeAsync(100);
    expect(pool.waiting).toBe(1);
  });
});

describe('a fork of a pool', () => {
  const taken = (isChosen = true): PortTakenError =>
    new PortTakenError('127.0.0.1:1/tcp', isChosen, undefined);

  it('chooses another port when a chosen one is taken before the fork has it', async () => {
    let failures = 2;
    const flaky = { ...template, prepare: async () => (failures-- > 0 ? Promise.reject(taken()) : ready()) };
    await using pool = poolOf(flaky, 1);
    await pool.full();
    expect(failures).toBe(-1);
    let runs = 0;
    const run = async (): Promise<object> => (runs++ > 0 ? {} : Promise.reject(taken()));
    await using late = poolOf({ ...template, prepare: async () => ({ ...(await ready()), run }) }, 1);
    await late.fork();
    expect(runs).toBe(2);
  });

  it('chooses ports in one place for a fork that starts on demand', async () => {
    let choices = 0;
    const prepare = async (): Promise<never> => {
      choices++;
      return Promise.reject(taken());
    };
    await using pool = poolOf({ ...template, prepare }, 1);
    await expect(pool.full()).rejects.toThrow(PortTakenError);
    expect(choices).toBe(3);
    await expect(pool.handOver()).rejects.toThrow(PortTakenError);
    expect(choices).toBe(5);
  });

  it('has no other port than the given one', async () => {
    await using pool = poolOf({ ...template, prepare: async () => Promise.reject(taken(false)) }, 1);
    await expect(pool.full()).rejects.toThrow(PortTakenError);
  });

  it.each<[string, () => ForkOptions, string]>([
    ['its time limit', () => ({ timeoutMs: 20 }), 'waiting for a fork of the pool'],
    ['an abort', () => ({ signal: AbortSignal.timeout(20) }), 'timeout'],
  ])('is left to the next caller when %s ends the wait for its start', async (_, limits, message) => {
    const start = deferred<object>();
    let started = 0;
    const prepare = async (): Promise<object> => (started++ > 0 ? ready() : start.promise);
    await using pool = poolOf({ ...template, prepare }, 1);
    await expect(pool.handOver(limits())).rejects.toThrow(message);
    await expect(pool.full(limits())).rejects.toThrow(/full|timeout/);
    expect(pool.waiting).toBe(1);
    const first = {};
    start.resolve({ ...(await ready()), handOver: async () => Promise.resolve(first) });
    expect(await pool.handOver()).toBe(first);
  });

  it('is ended when the caller for whom it starts no longer waits', async () => {
    let ended = 0;
    const abortable = async ({ signal }: ForkOptions): Promise<object> =>
      new Promise((_, reject) =>
        signal?.addEventListener('abort', () => {
          ended++;
          reject(signal.reason as Error);
        }),
      );
    await using pool = poolOf({ ...template, prepare: abortable }, 1);
    const first = awaitedLater(pool.handOver());
    await expect(pool.handOver({ timeoutMs: 20 })).rejects.toThrow(TimedOutError);
    expect([ended, pool.waiting]).toEqual([1, 0]);
    await pool.close();
    await expect(first).rejects.toThrow('already closed');
  });
});

function poolOf(given: object, size: number): Pool {
  return new Pool(given as Template, { name: 'p', size, warm: false }, {}, () => Infinity);
}

function poolWith(availableBytes: () => number, options: ForkOptions = {}): Pool {
  return new Pool(
    template as unknown as Template,
    { name: 'p', size: 4, warm: false },
    options,
    availableBytes,
  );
}
