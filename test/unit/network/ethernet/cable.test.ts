import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Cable, type CableProperties } from '../../../../src/network/ethernet/cable.ts';
import { streamFrame } from '../../../../src/network/ethernet/ethernet-frame.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A cable, and the frames that have arrived at its other end, by their first byte. */
function cableOf(properties: CableProperties) {
  const arrived: number[] = [];
  const cable = new Cable(properties, (frame) => arrived.push(frame.readUInt8(4)));
  const send = (first: number, bytes = 100): void => {
    const ethernet = Buffer.alloc(bytes);
    ethernet[0] = first;
    cable.send(streamFrame(ethernet));
  };
  return { cable, arrived, send };
}

test('frames arrive at once without properties', () => {
  const { arrived, send } = cableOf({});
  send(1);
  expect(arrived).toEqual([1]);
});

test('frames arrive in order after the latency', () => {
  const { arrived, send } = cableOf({ latencyMs: 20 });
  send(1);
  vi.advanceTimersByTime(10);
  send(2);
  vi.advanceTimersByTime(9);
  expect(arrived).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(arrived).toEqual([1]);
  vi.advanceTimersByTime(10);
  expect(arrived).toEqual([1, 2]);
  send(3);
  vi.advanceTimersByTime(20);
  expect(arrived).toEqual([1, 2, 3]);
});

test('a frame that waits is a copy', () => {
  const got: Buffer[] = [];
  const cable = new Cable({ latencyMs: 1 }, (frame) => got.push(frame));
  const read = streamFrame(Buffer.from([7]));
  cable.send(read);
  read.fill(0);
  vi.advanceTimersByTime(1);
  expect(got).toEqual([streamFrame(Buffer.from([7]))]);
});

test('frames are sent one after another at the bandwidth, and lost when 256 KiB wait', () => {
  // 1000 bytes a millisecond.
  const { arrived, send } = cableOf({ bandwidth: 1_000_000 });
  for (let number = 1; number <= 3; number++) send(number, 10_000);
  vi.advanceTimersByTime(9);
  expect(arrived).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(arrived).toEqual([1]);
  vi.advanceTimersByTime(20);
  expect(arrived).toEqual([1, 2, 3]);
  for (let number = 0; number < 100; number++) send(9, 10_000);
  vi.advanceTimersByTime(10_000);
  // The last one begins to wait behind 26 others, 260 kB.
  expect(arrived.filter((first) => first === 9)).toHaveLength(27);
  send(4);
  vi.advanceTimersByTime(1);
  expect(arrived.at(-1)).toBe(4);
});

test('frames are lost when 16 MiB are on their way', () => {
  const { arrived, send } = cableOf({ latencyMs: 1000 });
  for (let number = 0; number < 300; number++) send(1, 65_536);
  vi.advanceTimersByTime(1000);
  expect(arrived).toHaveLength(255);
  send(2);
  vi.advanceTimersByTime(1000);
  expect(arrived.at(-1)).toBe(2);
});

test('the share of lost frames is about as it was asked for', () => {
  const counts = [0, 500_000, 1_000_000].map((lossPpm) => {
    const { arrived, send } = cableOf({ lossPpm });
    for (let number = 0; number < 10_000; number++) send(1);
    return arrived.length;
  });
  expect(counts[0]).toBe(10_000);
  // Twenty standard deviations.
  expect(Math.abs((counts[1] ?? 0) - 5000)).toBeLessThan(1000);
  expect(counts[2]).toBe(0);
});

test('frames that are on their way are lost when it is closed', () => {
  const { cable, arrived, send } = cableOf({ latencyMs: 20 });
  send(1);
  cable.close();
  vi.advanceTimersByTime(100);
  expect(arrived).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
