import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const RUN_TESTS = join(import.meta.dirname, '../../../../scripts/tests/run.mjs');
const directory = temporaryDirectory();

/** Lines of test files. `runs(path)` adds 1 to the number of times that the file was run, and returns it. */
const PASSES = `it('passes', () => {})`;
const FAILS_ONCE = `it('fails once', () => { if (runs(import.meta.filename) === 1) throw new Error('for once\\nand more') })`;
const FAILS_AND_REJECTS_ONCE = `it('fails once', () => {
  if (runs(import.meta.filename) > 1) return;
  void Promise.reject(new Error('not awaited'));
  throw new Error('for once');
})`;
const FAILS = `it('fails', () => { runs(import.meta.filename); throw new Error('always') })`;
const REJECTS = `it('rejects', () => { void Promise.reject(new Error('nobody listens')) })`;
const LEAVES_SOMETHING = `it('leaves', () => appendFileSync(process.env.VMLET_TEST_GUARDS, 'left behind'))`;
const IS_SKIPPED = `it.skip('is skipped', () => {})`;
const PRELUDE = `import { appendFileSync, readFileSync } from 'node:fs';
function runs(path) {
  appendFileSync(path + '.runs', '.');
  return readFileSync(path + '.runs', 'utf8').length;
}
`;

interface Ended {
  readonly status: number | null;
  readonly output: string;
  /** The content of flaky.json, if it was written. */
  readonly flaky: unknown;
  /** How often the tests of the file ran. */
  readonly runs: (file: string) => number;
}

/** Runs scripts/tests/run.mjs in a project of these test files, by name. */
async function runTests(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
  options: readonly string[] = [],
): Promise<Ended> {
  const project = directoryIn(directory, 'project-');
  const config = join(project, 'vitest.config.mjs');
  writeFileSync(
    config,
    `export default { root: import.meta.dirname, test: { globals: true, maxWorkers: 1, include: ['**/*.test.mjs'] } };\n`,
  );
  for (const [name, test] of Object.entries(files)) {
    const path = join(project, `${name}.test.mjs`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${PRELUDE}${test};\n`);
  }
  const results = join(project, 'results');
  mkdirSync(results);
  writeFileSync(join(results, 'flaky.json'), '["of an earlier run"]');
  const child = spawn(process.execPath, [RUN_TESTS, '--config', config, ...options], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      CI: undefined,
      NO_COLOR: '1',
      VMLET_TEST_RESULTS: results,
      VMLET_TEST_CACHE: join(project, 'cache'),
      ...env,
    },
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const flaky = join(results, 'flaky.json');
  return {
    status: child.exitCode,
    output,
    flaky: existsSync(flaky) ? JSON.parse(readFileSync(flaky, 'utf8')) : undefined,
    runs: (file) => {
      const path = join(project, `${file}.test.mjs.runs`);
      return existsSync(path) ? readFileSync(path, 'utf8').length : 0;
    },
  };
}

describe.concurrent('npm test', () => {
  it('passes with its tests', async ({ expect }) => {
    const { status, output, flaky } = await runTests({ a: PASSES });
    expect({ status, flaky }, output).toEqual({ status: 0, flaky: [] });
    expect(output).not.toContain('FLAKY');
  });

  it('passes if a file fails once, and names its tests in the last lines', async ({ expect }) => {
    const { status, output, flaky, runs } = await runTests({ a: FAILS_ONCE, b: PASSES });
    expect(status, output).toBe(0);
    expect(runs('a')).toBe(2);
    expect(output).toMatch(/\nFLAKY \S+\/a\.test\.mjs > fails once: Error: for once\n$/);
    expect(flaky).toEqual([
      {
        file: expect.stringMatching(/\/a\.test\.mjs$/) as string,
        test: 'fails once',
        error: 'Error: for once',
      },
    ]);
  });

  it('passes if a file cannot be loaded once', async ({ expect }) => {
    const { status, output } = await runTests({
      a: `if (runs(import.meta.filename) === 1) throw new Error('not loaded'); ${PASSES}`,
    });
    expect(status, output).toBe(0);
    expect(output).toMatch(/\nFLAKY \S+\/a\.test\.mjs > \(the file\): not loaded\n$/);
  });

  it('fails if a file fails twice, and forgets the flaky tests of an earlier run', async ({ expect }) => {
    const { status, output, flaky, runs } = await runTests({ a: FAILS, b: FAILS_ONCE });
    expect({ status, flaky }, output).toEqual({ status: 1, flaky: undefined });
    expect(runs('a')).toBe(2);
  });

  it('also counts skips when a file fails', async ({ expect }) => {
    const { status, output } = await runTests({ a: FAILS, 'systems/rpm-guest': IS_SKIPPED });
    expect(status, output).toBe(1);
    expect(output).toMatch(/\nskipped 1: takes minutes: VMLET_TEST_RPM_GUEST=1\n$/);
  });

  it('prints the flaky tests of the last run with --flaky', async ({ expect }) => {
    const results = directoryIn(directory, 'results-');
    const flaky = [{ file: 'a.test.ts', test: 'passes', error: 'Error: for once' }];
    writeFileSync(join(results, 'flaky.json'), JSON.stringify(flaky));
    const { stdout } = await promisify(execFile)(process.execPath, [RUN_TESTS, '--flaky'], {
      env: { ...process.env, VMLET_TEST_RESULTS: results },
    });
    expect(stdout).toBe('FLAKY a.test.ts > passes: Error: for once\n');
  });

  it('repeats two failed files', async ({ expect }) => {
    const { status, output } = await runTests({ a: FAILS_ONCE, b: FAILS_ONCE });
    expect(status, output).toBe(0);
    expect(output.match(/^FLAKY /gm)).toHaveLength(2);
  });

  it('fails if more than two files fail, and repeats none', async ({ expect }) => {
    const { status, output, runs } = await runTests({ a: FAILS_ONCE, b: FAILS_ONCE, c: FAILS_ONCE });
    expect(status, output).toBe(1);
    expect(['a', 'b', 'c'].map(runs)).toEqual([1, 1, 1]);
  });

  it.for([
    ['an unhandled error', REJECTS],
    ['something left behind', LEAVES_SOMETHING],
  ] as const)('fails with %s beside a file that would pass', async ([, other], { expect }) => {
    const { status, output, runs } = await runTests({ a: FAILS_ONCE, b: other });
    expect(status, output).toBe(1);
    expect(runs('a')).toBe(1);
  });

  it('repeats a file whose failed test left an unhandled error', async ({ expect }) => {
    const { status, output, runs } = await runTests({ a: FAILS_AND_REJECTS_ONCE, b: PASSES });
    expect(status, output).toBe(0);
    expect(runs('a')).toBe(2);
  });

  it('fails with an unhandled error alone', async ({ expect }) => {
    const { status, output } = await runTests({ a: REJECTS });
    expect(status, output).toBe(1);
  });

  it.for([
    ['fails in CI', { CI: '1' }, 1],
    ['passes elsewhere', {}, 0],
  ] as const)('%s with an unexpected skip, and names it', async ([, env, expected], { expect }) => {
    const { status, output } = await runTests({ a: `${PASSES};${IS_SKIPPED}` }, env);
    expect(status, output).toBe(expected);
    expect(output).toMatch(/\nskipped for no known reason: \S+\/a\.test\.mjs > is skipped\n$/);
  });

  it('fails in CI with an expected skip whose test has another name', async ({ expect }) => {
    const { status, output } = await runTests({ 'files/make-directories': PASSES }, { CI: '1' });
    expect(status, output).toBe(1);
    expect(output).toMatch(
      /\nexpected skip of no test: \/files\\\/make-directories\/ \/closed to this user\/\n$/,
    );
  });

  it('passes in CI with expected skips, and counts them by reason', async ({ expect }) => {
    const { status, output } = await runTests(
      { 'systems/rpm-guest': `${IS_SKIPPED};${IS_SKIPPED}` },
      { CI: '1' },
    );
    expect(status, output).toBe(0);
    expect(output).toMatch(/\nskipped 2: takes minutes: VMLET_TEST_RPM_GUEST=1\n$/);
  });

  it.for([[['-t', 'passes']], [['--testNamePattern=passes']]] as const)(
    'passes in CI although %j skips the other tests',
    async ([options], { expect }) => {
      const { status, output } = await runTests({ a: `${PASSES};${FAILS}` }, { CI: '1' }, options);
      expect(status, output).toBe(0);
      expect(output).not.toContain('for no known reason');
    },
  );
});

it('a known flaky test exists, has what was seen, and is one of at most five', async () => {
  const root = join(import.meta.dirname, '../../../..');
  const { knownFlaky } = (await import(join(root, 'scripts/tests/known-flaky.mjs'))) as {
    knownFlaky: readonly Readonly<Record<string, string>>[];
  };
  expect(knownFlaky.length).toBeLessThanOrEqual(5);
  for (const entry of knownFlaky) {
    expect(Object.keys(entry).sort()).toEqual(['date', 'file', 'ruledOut', 'seen', 'test']);
    expect(readFileSync(join(root, entry['file'] ?? ''), 'utf8')).toContain(
      entry['test']?.split(' > ').at(-1),
    );
  }
});

it('an expected skip is of tests that exist', async () => {
  const root = join(import.meta.dirname, '../../../..');
  const list = join(root, 'scripts/tests/expected-skips.mjs');
  const { expectedSkips } = (await import(list)) as { expectedSkips: readonly { file: RegExp }[] };
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => relative(root, join(root, 'test', name)));
  const gone = expectedSkips.filter(({ file }) => !files.some((name) => file.test(name)));
  expect(gone).toEqual([]);
});
