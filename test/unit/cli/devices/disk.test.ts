import { afterEach, expect, it, vi } from 'vitest';
import { sayUnusedSpace, usage } from '../../../../src/cli/devices/disk.ts';

it('shows the use of a disk, and which one it has at the next start', () => {
  const now = { cache: 'writeback', discard: true, readOnly: false } as const;
  const next = { cache: 'none', discard: false, readOnly: true } as const;
  expect(usage({ ...now, nextStart: undefined })).toBe('writeback');
  expect(usage({ ...now, nextStart: next })).toBe('writeback; next start: none, no discard, read-only');
});

afterEach(() => vi.restoreAllMocks());

it.each([
  ['micro', { kind: 'image', image: 'micro' }, /^vmlet: micro cannot enlarge file systems.* disk0/],
  ['a disk', { kind: 'firmware' }, /^$/],
])('says whether a guest of %s can use the space of a larger disk', (_, boot, expected) => {
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  sayUnusedSpace({ spec: { boot } } as never, 'disk0');
  expect(printed).toMatch(expected);
});
