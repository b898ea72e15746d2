import { expect, it, vi } from 'vitest';
import { whyNoShares } from '../../e2e/virtiofsd.ts';
import { kills } from '../../hardening/shares/kills/kills.ts';
import { model } from '../../hardening/shares/model/model.ts';
import { posix } from '../../hardening/shares/posix/posix.ts';
import { stress } from '../../hardening/shares/stress/stress.ts';

/** `npm run hardening -- shares` covers all of it, and fio and stress-ng. */
it.skipIf(whyNoShares !== undefined).each([
  { name: 'the calls of a table, as on ext4', part: posix, scale: 0.005 },
  { name: 'random changes on both sides, as a model in memory', part: model, scale: 0.01 },
  { name: 'killed processes, without leaving anything', part: kills, scale: 0.01 },
])('a shared directory survives $name', { timeout: 600_000 }, async ({ part, scale }) => {
  const lines: string[] = [];
  const { counts, faults } = await part({ scale, seed: 6, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, `${what}\n${lines.join('\n')}`).toBe(tried);
  }
});

it('programs that are missing are not counted, and their packages are named', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  try {
    const lines: string[] = [];
    const { counts, faults } = await stress({ scale: 0.01, seed: 6, log: (line) => lines.push(line) });
    expect(faults).toEqual([]);
    expect(counts.map(({ tried, held, note }) => ({ tried, held, note }))).toEqual(
      ['fio', 'stress-ng'].map((program) => ({
        tried: 0,
        held: 0,
        note: `not run: ${program} is not installed (package ${program}; scripts/install-needs hardening)`,
      })),
    );
    expect(lines).toHaveLength(2);
  } finally {
    vi.unstubAllEnvs();
  }
});
