import { expect, it } from 'vitest';
import { keptGuests } from '../../hardening/kept/kept.ts';

/** `npm run hardening -- kept` kills more of them. */
it('a first run that is killed leaves a whole kept guest or none', { timeout: 300_000 }, async () => {
  const lines: string[] = [];
  const { counts, faults } = await keptGuests({ scale: 0.05, seed: 6, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBe(2);
    expect(held, `${what}\n${lines.join('\n')}`).toBe(tried);
  }
});
