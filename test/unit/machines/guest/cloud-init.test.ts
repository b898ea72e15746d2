import { expect, test } from 'vitest';
import { pauseAfterLook } from '../../../../src/machines/guest/cloud-init.ts';

test.each([
  [10, 1000],
  [250, 1000],
  [600, 2400],
  [10_000, 5000],
])('after a check of %i ms, the guest is left alone for %i ms', (took, pause) => {
  expect(pauseAfterLook(took)).toBe(pause);
});
