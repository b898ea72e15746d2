import { expect, it } from 'vitest';
import { TransferRate } from '../../../../src/images/pull/transfer-progress.ts';

it('is the rate of the last five seconds', () => {
  const rate = new TransferRate();
  expect(rate.sample(0, 0)).toBe(0);
  expect(rate.sample(1000, 1000)).toBe(1000);
  expect(rate.sample(5000, 5000)).toBe(1000);
  expect(rate.sample(5000, 9000)).toBe(0);
});

it('restarts with a download', () => {
  const rate = new TransferRate();
  rate.sample(1_000_000, 0);
  expect(rate.sample(0, 1000)).toBe(0);
});

it('does not divide by zero', () => {
  const rate = new TransferRate();
  rate.sample(0, 7);
  expect(rate.sample(100, 7)).toBe(0);
});
