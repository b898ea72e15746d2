import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFailed } from 'vitest';
import { temporaryDirectory } from '../directory.ts';
import { start } from '../e2e/command.ts';
import { until } from '../until.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';

const root = join(import.meta.dirname, '../..');
const project = join(root, 'fixtures/testing');
const nodeTests = join(project, 'node-tests.mjs');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
/** Shared by all runs; images and templates are the host’s. Sockets lie below it, so its path must be short. */
const own = temporaryDirectory();
const paths = {
  XDG_RUNTIME_DIR: join(own, 'run'),
  XDG_CACHE_HOME: join(own, 'cache'),
  // A killed vitest leaves its transformed files there.
  TMPDIR: join(own, 'temporary'),
};
for (const path of Object.values(paths)) mkdirSync(path, { mode: 0o700 });
copyProbedHost(join(own, 'cache/vmlet'));

/** All processes that it starts have the mark. */
function environment(mark: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  // vitest and node:test must not detect that they run within another run.
  const outer = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_TEST_CONTEXT|TEST$)/.test(name),
  );
  return {
    ...Object.fromEntries(outer),
    ...paths,
    NO_COLOR: '1',
    VMLET_ATTACHMENTS: join(own, mark),
    ...more,
  };
}

interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly status: number | null; readonly output: string }>;
}

/** In its own process group, as a shell starts it. */
function startRun(args: readonly string[], env: NodeJS.ProcessEnv): Run {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<{ status: number | null; output: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, output }));
  });
  return { process: child, ended };
}

function processesOf(mark: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(join(own, mark))
          ? [`${pid} ${argv}`]
          : [];
      } catch {
        // It ended in the meantime, or is another user’s.
        return [];
      }
    });
}

/** Directories of existing or former machines. */
function machineDirectories(): string[] {
  return ['run/vmlet', 'cache/vmlet/scratch'].flatMap((path) =>
    existsSync(join(own, path)) ? readdirSync(join(own, path)) : [],
  );
}

interface JsonReport {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly duration?: number;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

describe('a run of vitest', () => {
  it('reports failures, keeps the evidence, and leaves nothing', async () => {
    const report = join(own, 'report.json');
    const run = startRun(
      [vitest, 'run', '--root', project, 'ends', '--reporter=json', `--outputFile=${report}`],
      environment('ends'),
    );
    const { status, output } = await run.ended;
    expect(status, output).toBe(1);
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as JsonReport;
    const tests = new Map(testResults[0]?.assertionResults.map((one) => [one.title, one]));
    const statuses = Object.fromEntries([...tests].map(([title, one]) => [title, one.status]));
    expect(statuses, output).toEqual({
      passes: 'passed',
      'fails with two guests': 'failed',
      'is expected to fail': 'passed',
      'times out': 'failed',
      panics: 'failed',
      'passes but for an alarm': 'failed',
      'expects its alarm': 'passed',
    });
    const failure = (title: string): string => tests.get(title)?.failureMessages.join('\n') ?? '';
    expect(failure('fails with two guests')).toContain(
      'in the guest, "false" exited with status 1 and printed nothing',
    );
    expect(failure('panics')).toMatch(/vm: the guest's kernel panicked:[\s\S]*sysrq/);
    expect(failure('passes but for an alarm')).toContain('Out of memory: Killed process 99');
    // The alarm came before the limit of the test.
    expect(tests.get('panics')?.duration).toBeLessThan(60_000);

    const bundles = join(own, 'ends');
    expect(readdirSync(bundles).map((name) => name.replace(/-[0-9a-f]{8}$/, ''))).toEqual([
      'ends-test-ts-fails-with-two-guests',
      'ends-test-ts-panics',
      'ends-test-ts-passes-but-for-an-alarm',
      'ends-test-ts-times-out',
    ]);
    const [two = ''] = readdirSync(bundles);
    expect(output).toContain(
      'vmlet: test "ends.test.ts > fails with two guests" failed; logs of its guests (vm, other): ' +
        join(bundles, two),
    );
    expect(readdirSync(join(bundles, two))).toEqual(['README.txt', 'other', 'vm']);
    expect(readFileSync(join(bundles, two, 'vm/console.log'), 'utf8')).toContain('a clue on the console');
    expect(readFileSync(join(bundles, two, 'vm/reproduce.sh'), 'utf8')).toContain('template.fork(');
    const timedOut = readdirSync(bundles).find((name) => name.includes('times-out')) ?? '';
    expect(readFileSync(join(bundles, timedOut, 'README.txt'), 'utf8')).toMatch(/timed out in 15000\s?ms/);
    expect(machineDirectories()).toEqual([]);
    expect(processesOf('ends')).toEqual([]);
  });

  it('makes the templates before the first test, also where earlier suites do not run', async () => {
    const run = startRun(
      [vitest, 'run', '--root', project, 'suites', '-t', 'the second suite'],
      environment('suites'),
    );
    const { status, output } = await run.ended;
    expect(status, output).toBe(0);
    expect(output).toMatch(/1 passed.*1 skipped/);
    expect(machineDirectories()).toEqual([]);
  });
});

describe('a run of node:test', () => {
  it('gives tests their guests, and keeps the evidence of a failure', async () => {
    const { status, output } = await startRun(
      ['--test', '--test-reporter=tap', nodeTests],
      environment('node'),
    ).ended;
    expect(status, output).toBe(1);
    expect(output).toMatch(/^ *ok 1 - passes$/m);
    expect(output).toMatch(/^ *not ok 2 - fails$/m);
    expect(output).toContain('the reason');
    expect(readdirSync(join(own, 'node')).join()).toMatch(/^[^,]*fails-[0-9a-f]{8}$/);
    expect(machineDirectories()).toEqual([]);
    expect(processesOf('node')).toEqual([]);
  });
});

describe('a run that ends in the middle of a test', () => {
  const ofVitest = [vitest, 'run', '--root', project, 'held'];
  const ofNode = ['--test', nodeTests];

  it.each<[string, readonly string[], string, (run: Run) => void]>([
    ['by a crash of its worker', ofVitest, 'crash', () => undefined],
    [
      'by Ctrl-C at its terminal',
      ofVitest,
      '',
      ({ process: { pid } }) => process.kill(-(pid ?? 0), 'SIGINT'),
    ],
    ['by SIGKILL to the runner alone', ofVitest, '', (run) => run.process.kill('SIGKILL')],
    ['by process.exit in a test', ofNode, 'exit', () => undefined],
    ['by SIGKILL to the runner of node:test', ofNode, '', (run) => run.process.kill('SIGKILL')],
  ])('leaves no process: %s', async (title, args, how, end) => {
    const mark = title.replaceAll(/\W/g, '-');
    const held = join(own, `${mark}.held`);
    const run = startRun(args, environment(mark, { HELD: held, HOW: how }));
    onTestFailed(() => processesOf(mark).forEach((line) => process.kill(parseInt(line, 10), 'SIGKILL')));
    await Promise.race([until(() => existsSync(held)), run.ended]);
    expect(existsSync(held), 'a guest is there').toBe(true);
    end(run);
    await run.ended;
    await until(() => processesOf(mark).length === 0);
  });

  it('leaves at most directories, which the next launch removes', async () => {
    const next = start(['run', '--fresh', '--net', 'none', 'micro', 'true'], { env: environment('next') });
    expect((await next.finished).status).toBe(0);
    expect(machineDirectories()).toEqual([]);
  });
});
