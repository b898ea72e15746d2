import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PacketDelay, type Shape } from '../../../../src/testing/faults/packet-delay.ts';

describe('packets', () => {
  const still: Shape = { latencyMs: 0, jitterMs: 0, lossPercent: 0 };

  async function deliver(shape: Shape, count: number): Promise<{ content: string; afterMs: number }[]> {
    const out: { content: string; afterMs: number }[] = [];
    const begin = performance.now();
    const way = new PacketDelay(shape, (bytes) =>
      out.push({ content: bytes.toString(), afterMs: performance.now() - begin }),
    );
    for (let index = 0; index < count; index++) way.push(Buffer.from(String(index)));
    while (out.length < count) await delay(5);
    return out;
  }

  it('are delayed, vary, and stay in order', async () => {
    const out = await deliver({ ...still, latencyMs: 60, jitterMs: 30 }, 200);
    expect(out.map(({ content }) => Number(content))).toEqual(
      Array.from({ length: 200 }, (_, index) => index),
    );
    expect(Math.min(...out.map(({ afterMs }) => afterMs))).toBeGreaterThanOrEqual(30);
    // The last waits for the slowest.
    expect(out.at(-1)?.afterMs).toBeGreaterThan(60);
    expect((await deliver(still, 3)).map(({ content }) => content)).toEqual(['0', '1', '2']);
  });

  it('are dropped, released at once, or dropped at the end', () => {
    const out: string[] = [];
    const way = new PacketDelay({ ...still, lossPercent: 100 }, (bytes) => out.push(bytes.toString()));
    way.push(Buffer.from('lost'));
    way.shape = { ...still, latencyMs: 600_000 };
    way.push(Buffer.from('slow'));
    expect(out).toEqual([]);
    way.flush();
    expect(out).toEqual(['slow']);
    way.push(Buffer.from('too late'));
    way.close();
    way.flush();
    expect(out).toEqual(['slow']);
  });

  it('are lost if more wait than the queue holds', () => {
    let count = 0;
    const way = new PacketDelay({ ...still, latencyMs: 600_000 }, () => count++);
    for (let index = 0; index < 70; index++) way.push(Buffer.alloc(1024 * 1024));
    way.flush();
    expect(count).toBe(64);
  });
});
