import { expect, test } from 'vitest';
import { kills } from '../../hardening/networks/kills.ts';
import { life } from '../../hardening/networks/life.ts';
import { inHome } from '../../hardening/networks/networks.ts';

test.each([
  { name: 'the programs of a network are killed', work: kills },
  { name: 'its members come and go', work: life },
])('$name, at a small scale', { timeout: 900_000 }, async ({ work }) => {
  const lines: string[] = [];
  const { counts, faults } = await inHome(work, { scale: 0.05, seed: 4, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, `${what}\n${lines.join('\n')}`).toBe(tried);
  }
});
