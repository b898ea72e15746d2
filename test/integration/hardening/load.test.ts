import { expect, it } from 'vitest';
import { launches } from '../../hardening/launches/launches.ts';
import { load } from '../../hardening/load/load.ts';

it.each([
  { name: 'machines at once', section: load, scale: 0.08 },
  { name: 'launches that are ended at random moments', section: launches, scale: 0.04 },
])('$name', async ({ section, scale }) => {
  const lines: string[] = [];
  const { counts, faults } = await section.run({ scale, seed: 4, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, `${what}\n${lines.join('\n')}`).toBe(tried);
  }
});
