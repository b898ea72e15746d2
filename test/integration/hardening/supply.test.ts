import { expect, it } from 'vitest';
import { supply } from '../../hardening/supply/supply.ts';

it('each dependency is justified, licensed and listed, and the package is reproducible', async () => {
  const { counts, faults } = await supply.run({ scale: 0.1, seed: 1, log: () => undefined });
  expect(faults).toEqual([]);
  expect(counts.filter(({ tried }) => tried > 0).length).toBeGreaterThanOrEqual(9);
  for (const { what, tried, held } of counts) expect({ what, held }).toEqual({ what, held: tried });
});
