import { expect, it } from 'vitest';
import { formatMoment } from '../../../src/public/format.ts';

it('prints UTC to the minute', () => {
  expect(formatMoment(new Date('2026-03-01T14:25:59.999Z'))).toBe('2026-03-01 14:25');
  expect(formatMoment(new Date('2026-03-01T01:05:00+02:00'))).toBe('2026-02-28 23:05');
});
