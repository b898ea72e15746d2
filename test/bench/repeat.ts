import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Section } from './section.ts';
import { describeTimes } from './measurement/statistics.ts';
import { makeTemporaryDirectory } from '../directory.ts';

const ROOT = join(import.meta.dirname, '../..');
const TESTS = ['test/testing/vitest.test.ts', 'test/testing/waits.test.ts'];

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export const repeat: Section = {
  title:
    "the harness's own tests with guests, again and again (0 of 500 runs with another result than the first)",
  rounds: 500,
  async run(rounds) {
    const times: number[] = [];
    const outcomes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const started = performance.now();
      outcomes.push(runOnce());
      times.push(performance.now() - started);
      if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    }
    const differing = outcomes.filter((outcome) => outcome !== outcomes[0]);
    const text = [
      `tests      ${outcomes[0]?.split('\n').length ?? 0}`,
      `a run      ${describeTimes(times)}`,
      `differing  ${differing.length} of ${rounds} runs`,
      ...differing.slice(0, 3),
    ].join('\n');
    return Promise.resolve({ text, data: { times, outcomes: outcomes[0], differing } });
  },
};

/** A line for each test: its name and its result. */
function runOnce(): string {
  const { path: directory, remove } = makeTemporaryDirectory();
  const output = join(directory, 'report.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const flags = ['--project', 'testing', '--reporter', 'json', '--outputFile', output];
  try {
    execFileSync(process.execPath, [vitest, 'run', ...flags, ...TESTS], { cwd: ROOT, stdio: 'ignore' });
  } catch {
    // A failed test is a result, which the report has.
  }
  try {
    const report = JSON.parse(readFileSync(output, 'utf8')) as Report;
    return report.testResults
      .flatMap(({ assertionResults }) => assertionResults)
      .map(({ fullName, status }) => `${status} ${fullName}`)
      .sort()
      .join('\n');
  } catch (error) {
    return `no report: ${String(error)}`;
  } finally {
    remove();
  }
}
