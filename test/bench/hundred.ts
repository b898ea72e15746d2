import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { removeTemplate } from '../../src/index.ts';
import { alternate } from './measurement/alternate.ts';
import type { Section } from './section.ts';
import { describeTimes, median } from './measurement/statistics.ts';

const ROOT = join(import.meta.dirname, '../..');
const TESTS = 100;

export const hundred: Section = {
  title:
    '100 tests of vitest on two workers, each in a fork of its own, against the same tests in one guest for each worker',
  rounds: 5,
  async run(rounds) {
    try {
      const [fresh = [], shared = []] = await alternate(
        ['fresh', 'shared'].map((name) => ({ name, measure: async () => Promise.resolve(runTests(name)) })),
        rounds,
      );
      const more = (median(fresh) - median(shared)) / TESTS;
      const text = [
        `fresh   ${describeTimes(fresh)}`,
        `shared  ${describeTimes(shared)}`,
        `more    ${more.toFixed(0)} ms for each test`,
      ].join('\n');
      return { text, data: { fresh, shared, perTestMs: more } };
    } finally {
      removeTemplate('bench-shared');
    }
  },
};

/** Milliseconds of the whole run. */
function runTests(name: string): number {
  const started = performance.now();
  const config = join(ROOT, 'test/bench/hundred/vitest.config.ts');
  execFileSync(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      join(ROOT, 'test/bench/hundred'),
      '--config',
      config,
      name,
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return performance.now() - started;
}
