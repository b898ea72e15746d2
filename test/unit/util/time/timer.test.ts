import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startTimer } from '../../../../src/util/time/timer.ts';

const DAY_MS = 24 * 3_600_000;
let acts = 0;
const act = (): void => {
  acts++;
};

// No test can wait two months: fake timers also fire at once on overflow, as Node’s do.
beforeEach(() => {
  vi.useFakeTimers();
  acts = 0;
});
afterEach(() => void vi.useRealTimers());

it.each([1, 1000, 2 ** 31 - 1, 2 ** 31, 60 * DAY_MS])('fires once after %d ms, and not before', (ms) => {
  startTimer(ms, act);
  vi.advanceTimersByTime(ms - 1);
  expect(acts).toBe(0);
  vi.advanceTimersByTime(1);
  expect(acts).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('never fires for an infinite time', () => {
  const stop = startTimer(Infinity, act);
  vi.advanceTimersByTime(100 * DAY_MS);
  expect(acts).toBe(0);
  stop();
  expect(vi.getTimerCount()).toBe(0);
});

it.each([0, 30])('does not fire when it is stopped after %d days of 60', (days) => {
  const stop = startTimer(60 * DAY_MS, act);
  vi.advanceTimersByTime(days * DAY_MS);
  stop();
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(acts).toBe(0);
});
