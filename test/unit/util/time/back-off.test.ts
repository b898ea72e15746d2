import { expect, it } from 'vitest';
import { BackOff } from '../../../../src/util/time/back-off.ts';

it('delays the next start twice as long after each short life, up to five seconds', () => {
  let now = 1000;
  const backOff = new BackOff(() => now);
  expect(backOff.leftMs).toBe(0);
  const delays = [999, 0, 0, 0, 0, 0, 0, 0].map((livedMs) => {
    backOff.ended(livedMs);
    return backOff.leftMs;
  });
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  now += 4999;
  expect(backOff.leftMs).toBe(1);
  now += 2;
  expect(backOff.leftMs).toBe(0);
});

it('counts from now by default', () => {
  const backOff = new BackOff();
  for (let starts = 0; starts < 7; starts++) backOff.ended(0);
  expect(backOff.leftMs).toBeGreaterThan(0);
  expect(backOff.leftMs).toBeLessThanOrEqual(5000);
});

it('does not delay a program that has lived for a second', () => {
  const backOff = new BackOff(() => 0);
  backOff.ended(0);
  backOff.ended(1000);
  expect(backOff.leftMs).toBe(0);
  backOff.ended(0);
  expect(backOff.leftMs).toBe(100);
});
