import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { makeProject } from './project.ts';

const root = join(import.meta.dirname, '../../..');
const directory = temporaryDirectory();

interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program of a project. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ended {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { status, output: stdout + stderr };
}

describe('scripts/check.mjs', () => {
  const tools = ['node', 'tsc', 'prettier', 'knip', 'depcruise', 'publint', 'attw'];

  type Checked = Ended & { readonly ran: string };
  const declarations = 'dist/index.d.ts';
  const packaged = {
    'package.json': JSON.stringify({ bin: 'dist/bin.js', exports: { '.': { default: './dist/index.js' } } }),
    'package-lock.json': '',
    'tsconfig.json': '',
    'tsconfig.build.json': '',
    [declarations]: '',
    'dist/bin.js': '',
    'dist/index.js': '',
    'dist/other.js': '',
  };

  /** A project with tools that only record that they ran; `failing` fail. */
  function makeChecked(
    installed: readonly string[],
    failing: readonly string[] = [],
  ): { readonly project: string; readonly check: () => Checked } {
    const tool = (name: string): string =>
      `#!/bin/sh\necho "${name} $*" >>"$0.ran"\ncase "${name} $*" in\n${failing.map((words) => `'${words}'*) echo "problem of ${words}"; exit 1 ;;\n`).join('')}esac\n`;
    const project = makeProject(
      directory,
      ['scripts/check.mjs', 'scripts/check/package-digest.mjs', 'scripts/generate/reference.mjs'],
      {
        ...packaged,
        ...Object.fromEntries(installed.map((name) => [`node_modules/.bin/${name}`, tool(name)])),
      },
    );
    execFileSync('git', ['init', '-q', project]);
    const path = join(project, 'path');
    mkdirSync(path);
    for (const name of ['git', 'sh'])
      symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(path, name));
    const records = installed.map((name) => join(project, `node_modules/.bin/${name}.ran`));
    const check = (): Checked => {
      for (const record of records) rmSync(record, { force: true });
      const ended = run(process.execPath, [join(project, 'scripts/check.mjs')], {
        PATH: path,
        VMLET_TEST_CACHE: join(project, 'cache'),
      });
      const ran = records.map((record) => (existsSync(record) ? readFileSync(record, 'utf8') : '')).join('');
      return { ...ended, ran };
    };
    return { project, check };
  }

  const checkOnce = (...words: Parameters<typeof makeChecked>): Checked => makeChecked(...words).check();

  it('passes with all of its checks', () => {
    const { status, output } = checkOnce([...tools, 'shellcheck']);
    expect(status, output).toBe(0);
    expect(output).not.toContain('FAILED');
  });

  it('names a missing tool in one sentence, and runs the other checks', () => {
    const { status, output, ran } = checkOnce(tools);
    expect(status).toBe(1);
    expect(output).toMatch(
      /\nFAILED shell scripts \(.*\)\nshellcheck is not installed: run npm ci and scripts\/install-needs test\n/,
    );
    expect(output).toMatch(/\n1 of \d+ checks failed: shell scripts\n$/);
    for (const tool of tools) expect(ran).toContain(`${tool} `);
  });

  it('prints the output of a failed check, and fails those that need it without running them', () => {
    const { status, output, ran } = checkOnce([...tools, 'shellcheck'], ['node scripts/build.mjs']);
    expect(status).toBe(1);
    expect(output).toMatch(/FAILED build \(.*\)\nproblem of node scripts\/build\.mjs\n/);
    expect(output).toMatch(/\n4 of \d+ checks failed: build, reference, package shape, package types\n$/);
    expect(ran).toContain('knip ');
    expect(ran).not.toMatch(/publint|attw|reference/);
  });

  it('repeats the checks of the package when its interface has changed, or when they failed', () => {
    const { project, check } = makeChecked([...tools, 'shellcheck']);
    const ofPackage = /publint|attw|reference/g;
    expect(check().ran.match(ofPackage)).toHaveLength(3);
    writeFileSync(join(project, 'dist/other.js'), 'export const one = 1;\n');
    expect(check()).toMatchObject({
      status: 0,
      ran: expect.not.stringMatching(/publint|attw|reference/) as string,
    });
    for (const changed of [declarations, 'dist/bin.js', 'dist/index.js']) {
      writeFileSync(join(project, changed), 'export {};\n');
      expect(check().ran.match(ofPackage), changed).toHaveLength(3);
    }
    const failing = makeChecked([...tools, 'shellcheck'], ['publint']);
    for (const { status, ran } of [failing.check(), failing.check()]) {
      expect(status).toBe(1);
      expect(ran).toContain('publint');
    }
  });
});

describe('scripts/check/folders.mjs', () => {
  const README = 'src/README.md';
  const good = {
    'src/a/one.ts': '',
    'src/b/two.ts': `import { one } from '../a/one.ts';\n`,
    'src/a/README.md': 'Begin with `one.ts`.\n',
    'src/b/README.md': 'It begins.\n\n- Imports of `a`: `a`.\n',
    [README]: 'The library.\n',
    'native/README.md': 'The programs.\n',
    'page/README.md': 'The page.\n',
    'test/unit/a/one.test.ts': '',
    'test/integration/native/agent.test.ts': '',
    'fixtures/a.img': '',
  };
  const many = (folder: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 18 }, (_, at) => [`${folder}/${at}.ts`, '']));
  const check = (files: Readonly<Record<string, string>>): Ended =>
    run(process.execPath, [
      join(makeProject(directory, ['scripts/check/folders.mjs'], files), 'scripts/check/folders.mjs'),
    ]);

  it('passes folders that are as their pages say', () => {
    const made = many('fixtures/node_modules/.vite-temp');
    expect(check({ ...good, ...made })).toEqual({ status: 0, output: '' });
  });

  it.each([
    ['20 entries', { ...good, ...many('src/a') }, 'src/a has 20 entries, 18 at most'],
    ['20 entries of tests', { ...good, ...many('test') }, 'test has 20 entries, 18 at most'],
    [
      'a folder of tests of nothing',
      { ...good, 'test/unit/c/d.test.ts': '' },
      'test/unit/c mirrors no folder of the code',
    ],
    ['no page', { ...good, 'native/agent/main.c': '' }, 'native/agent has no README.md'],
    ['a long page', { ...good, [README]: 'word\n'.repeat(16) }, 'src/README.md has 16 lines, 15 at most'],
    [
      'a page about a file that was removed',
      { ...good, 'src/a/README.md': 'Begin with `gone.ts`.\n' },
      'src/a/README.md names gone.ts, which is not there',
    ],
    [
      'an import that the page does not list',
      { ...good, 'src/b/README.md': 'It begins.\n\n- Imports of `a`: `a/c`.\n' },
      'src/b imports a, and its page does not say so\nsrc/b does not import a/c, as its page says',
    ],
    [
      'a page that lists no imports',
      {
        ...good,
        'src/a/c/README.md': 'It begins.\n',
        'src/a/c/three.ts': `import { four } from '../d/four.ts';\n`,
        'src/a/d/README.md': 'It begins.\n',
        'src/a/d/four.ts': '',
      },
      'src/a/c imports a/d, and its page does not say so',
    ],
  ])('fails on %s', (_what, files, problem) => {
    expect(check(files)).toEqual({ status: 1, output: `${problem}\n` });
  });
});

describe('scripts/check/c-circles.mjs', () => {
  const check = (files: Readonly<Record<string, string>>): Ended =>
    run(process.execPath, [
      join(makeProject(directory, ['scripts/check/c-circles.mjs'], files), 'scripts/check/c-circles.mjs'),
    ]);
  const includes = (name: string): string => `#include "${name}.h"\n`;

  it('passes files that include each other in one direction', () => {
    const files = {
      'native/agent/a.c': includes('a') + includes('b'),
      'native/agent/a.h': includes('b'),
      'native/agent/b.h': includes('c'),
      'native/shared/c.h': '',
    };
    expect(check(files)).toEqual({ status: 0, output: '' });
  });

  it('names a circle, of which one part is a .c file or shared code', () => {
    const files = {
      'native/agent/a.h': includes('b'),
      'native/shared/b.c': includes('c'),
      'native/shared/c.h': includes('a'),
    };
    const { status, output } = check(files);
    expect(status).toBe(1);
    expect(output).toMatch(/^native\/agent has a circle: (a → b → c → a|b → c → a → b|c → a → b → c)\n/);
  });

  it('names a circle of folders, and tells a file of the program from a shared one of its name', () => {
    const files = {
      'native/agent/x/a.h': includes('port'),
      'native/agent/y/port.h': '',
      'native/agent/y/b.h': includes('c'),
      'native/agent/x/c.h': '',
      'native/shared/port/port.h': '',
    };
    const { status, output } = check(files);
    expect(status).toBe(1);
    expect(output).toMatch(
      /^native\/agent has a circle: agent\/(x → agent\/y → agent\/x|y → agent\/x → agent\/y)\n$/,
    );
  });
});

describe('scripts/check/pure-files.mjs', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => `src/${path}`);
  const check = (paths: readonly string[]): Ended => {
    const files = Object.fromEntries(paths.map((path) => [path, '']));
    const project = makeProject(directory, ['scripts/check/pure-files.mjs'], files);
    return run(process.execPath, [join(project, 'scripts/check/pure-files.mjs')]);
  };

  it('finds each file that it names', () => {
    expect(check(sources)).toEqual({ status: 0, output: '' });
  });

  it.each(['src/machine/life/outcome.ts', 'src/process/output/tail.ts'])('fails without %s', (path) => {
    const { status, output } = check(sources.filter((one) => one !== path));
    expect(status).toBe(1);
    expect(output).toContain(`${dirname(path)} has no ${basename(path)}`);
  });
});

describe('scripts/test-flaky', () => {
  it('counts the runs that differ', () => {
    // Fails in its second run.
    const vitest = `#!/bin/sh\necho . >>"$0.ran"\n[ "$(wc -l <"$0.ran")" -ne 2 ]\n`;
    const project = makeProject(directory, ['scripts/test-flaky'], {
      'node_modules/.bin/vitest': vitest,
      'package.json': '{}\n',
    });
    const { status, output } = run('bash', [join(project, 'scripts/test-flaky'), 'a.test.ts', '3']);
    expect(output).toBe('run 2 failed: test-results/flaky-run-2.log\na.test.ts: 2 of 3 passed, 1 differed\n');
    expect(status).toBe(1);
  });
});
