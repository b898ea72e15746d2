import { expect, it } from 'vitest';
import type { ImageProgress } from '../../../../src/images/pull/image-progress.ts';
import { TransferRate, transferProgress } from '../../../../src/images/pull/transfer-progress.ts';

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

it('of a phase without any number is only the phase', () => {
  const told: ImageProgress[] = [];
  const phases = { download: 'copying', copy: 'copying', check: 'checking', unpack: 'unpacking' } as const;
  const report = transferProgress('web', phases, (news) => told.push(news));
  report({ phase: 'copy', bytes: 0, totalBytes: undefined });
  report({ phase: 'check', bytes: 1, totalBytes: 4 });
  expect(told).toEqual([
    { image: 'web', phase: 'copying', fraction: 0 },
    {
      ...{ image: 'web', phase: 'checking', fraction: 0.25 },
      transfer: { doneBytes: 1, totalBytes: 4, bytesPerSecond: 0 },
    },
  ]);
});
