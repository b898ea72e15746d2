import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ForkOptions } from '../../../../src/template/fork-options.ts';
import type { HandedOver, PendingFork } from '../../../../src/template/pending-fork.ts';
import { Pool } from '../../../../src/template/pool/pool.ts';
import type { Template } from '../../../../src/template/template.ts';

const MiB = 1024 ** 2;

/** A template whose forks are no processes. */
const template = {
  memoryBytes: 96 * MiB,
  prepare: async (): Promise<Partial<PendingFork>> =>
    Promise.resolve({
      answers: async () => Promise.resolve(true),
      handOver: async () => Promise.resolve({} as HandedOver),
      [Symbol.asyncDispose]: async () => Promise.resolve(),
    }),
} as unknown as Template;

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

function poolWith(availableBytes: () => number, options: ForkOptions = {}): Pool {
  return new Pool(template, { name: 'p', size: 4, warm: false }, options, availableBytes);
}
