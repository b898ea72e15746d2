import { expect, test } from 'vitest';
import { life } from '../../hardening/networks/life.ts';
import { inHome } from '../../hardening/networks/in-home.ts';

/** `npm run hardening -- networks` does more of it, and kills the programs of networks. */
test('members of a network come and go at random', { timeout: 900_000 }, async () => {
  const lines: string[] = [];
  const { counts, faults } = await inHome(life, { scale: 0.05, seed: 4, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, `${what}\n${lines.join('\n')}`).toBe(tried);
  }
});
