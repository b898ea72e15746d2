import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { makeProject } from './project.ts';

const directory = temporaryDirectory();
const RUNNER = ['run', 'durations', 'expected-skips', 'known-flaky', 'selection', 'touched'].map(
  (name) => `scripts/tests/${name}.mjs`,
);

/**
 * Runs .ci/run in a project whose scripts only print that they ran, and exit with the given status, 0 by default.
 * @param flaky what the tests write into flaky.json; undefined if they end before. An earlier run has left one.
 */
function run(
  statuses: Readonly<Record<string, number>>,
  flaky?: readonly object[],
): { status: number | null; output: string } {
  const cases = Object.entries(statuses).map(([words, status]) => `'${words}') exit ${status} ;;\n`);
  const writeFlaky = flaky ? `echo '${JSON.stringify(flaky)}' >test-results/flaky.json\n` : '';
  const script = (name: string): string =>
    `#!/bin/sh\necho "${name} $* CI=$CI"\n${name === 'test' ? writeFlaky : ''}case "${name}\${1:+ $1}" in\n${cases.join('')}esac\n`;
  const project = makeProject(directory, ['.ci/run', ...RUNNER], {
    ...Object.fromEntries(
      ['install-needs', 'test', 'test-hosts'].map((name) => [`scripts/${name}`, script(name)]),
    ),
    'test-results/flaky.json': JSON.stringify([{ file: 'earlier', test: 'run', error: '' }]),
  });
  const { status, stdout } = spawnSync(join(project, '.ci/run'), {
    encoding: 'utf8',
    env: { ...process.env, CI: undefined, VMLET_TEST_RESULTS: undefined },
  });
  return { status, output: stdout };
}

describe('.ci/run', () => {
  it('runs the tests as those of a CI, where unexpected skips fail', () => {
    const { status, output } = run({});
    expect(output).toContain('test --slice auto --touched CI=1\n');
    expect(output).toMatch(/^test-hosts bookworm /m);
    expect(output).toMatch(/^test-hosts sid /m);
    expect(status).toBe(0);
  });

  it('names flaky tests in the last lines', () => {
    const { status, output } = run({}, [
      { file: 'test/a.test.ts', test: 'passes', error: 'Error: for once' },
    ]);
    expect(output).toMatch(/^test-hosts sid [^]*\nFLAKY test\/a\.test\.ts > passes: Error: for once\n$/m);
    expect(status).toBe(0);
  });

  it.each([
    ['fails with the tests, and leaves sid out', { 'test --slice': 3 }, 3, false],
    ['fails with Debian 12', { 'test-hosts bookworm': 4 }, 4, true],
    ['passes if sid fails', { 'test-hosts sid': 5 }, 0, true],
  ])('%s', (_what, statuses, expected, withSid) => {
    const { status, output } = run(statuses);
    expect(status).toBe(expected);
    expect(output).not.toContain('FLAKY');
    expect(output.includes('test-hosts sid')).toBe(withSid);
  });
});
