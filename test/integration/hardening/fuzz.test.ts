import { expect, it } from 'vitest';
import { fuzz } from '../../hardening/fuzz/fuzzer.ts';
import { fuzzTargets } from '../../hardening/fuzz/targets.ts';

/** All targets together take about ten seconds; `npm run hardening -- fuzz` takes three minutes for each. */
const MILLISECONDS = 250;

it.each(fuzzTargets)('$name', async (target) => {
  const lines: string[] = [];
  const { cases, faults } = await fuzz(target, {
    milliseconds: MILLISECONDS,
    seed: 1,
    log: (line) => lines.push(line),
  });
  expect(faults, lines.join('\n')).toEqual([]);
  expect(cases).toBeGreaterThan(0);
});
