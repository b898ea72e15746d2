import { expect, it } from 'vitest';
import { usage } from '../../../../src/cli/devices/disk.ts';

it('shows the use of a disk, and which one it has at the next start', () => {
  const now = { cache: 'writeback', discard: true, readOnly: false } as const;
  const next = { cache: 'none', discard: false, readOnly: true } as const;
  expect(usage({ ...now, nextStart: undefined })).toBe('writeback');
  expect(usage({ ...now, nextStart: next })).toBe('writeback; next start: none, no discard, read-only');
});
