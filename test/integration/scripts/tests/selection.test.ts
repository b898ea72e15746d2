import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';

interface Selection {
  readonly name: string;
  readonly options: readonly string[];
  readonly leftOut: readonly string[];
}

const ROOT = join(import.meta.dirname, '../../../..');
const { choose, readFiles } = (await import(join(ROOT, 'scripts/tests/selection.mjs'))) as {
  choose: (words: readonly string[], root: string) => Selection;
  readFiles: (root: string) => { selection: object; slices: readonly object[] };
};
const root = join(temporaryDirectory(), 'project');
const slices = [{ 'test/e2e/a.test.ts': 10, 'test/e2e/b.test.ts': 20 }, { 'test/e2e/c.test.ts': 900 }, {}];
const FILES = {
  'scripts/tests/files.json': JSON.stringify({ selection: {}, slices }),
  'src/machine/launch/launch.ts': '',
  'src/images/store/store.ts': '',
  'test/e2e/a.test.ts': "import { home } from './home.ts';\n",
  'test/e2e/home.ts': "import { launch } from '../../src/machine/launch/launch.ts';\n",
  'test/e2e/b.test.ts': "const { store } = await import('../../src/images/store/store.ts');\n",
  'test/e2e/c.test.ts': "import { launch } from '../../src/machine/launch/launch.ts';\n",
};

/** As of so many hours ago. */
function commit(hours: number): void {
  const date = new Date(Date.now() - hours * 3_600_000).toISOString();
  const env = { ...process.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
  git(['add', '-A'], env);
  git(['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '-m', 'area: change'], env);
}

function git(words: readonly string[], env = process.env): void {
  execFileSync('git', ['-C', root, ...words], { env });
}

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

beforeAll(() => {
  for (const [path, content] of Object.entries(FILES)) write(path, content);
  git(['init', '-q']);
  commit(30);
  write('README.md', 'two\n');
  commit(1);
});

describe('the tests of a run', () => {
  it('are the selection, without all slices', () => {
    expect(choose(['--project', 'e2e'], root)).toEqual({
      name: 'selection',
      options: ['--project', 'e2e'],
      leftOut: ['test/e2e/a.test.ts', 'test/e2e/b.test.ts', 'test/e2e/c.test.ts'],
    });
  });

  it.each([
    [['--all'], 'all tests'],
    [['test/e2e/c.test.ts'], 'named tests'],
  ])('leave nothing out with %j', (words, name) => {
    expect(choose(words, root)).toMatchObject({ name, leftOut: [] });
  });

  it('are also those of a slice, by the number of commits or by its own', () => {
    // Two commits choose the third.
    expect(choose(['--slice', 'auto'], root)).toMatchObject({ name: 'selection + slice 3 of 3' });
    expect(choose(['--slice', '1'], root)).toEqual({
      name: 'selection + slice 1 of 3',
      options: [],
      leftOut: ['test/e2e/c.test.ts'],
    });
  });

  it.each([
    [['--slice', '4'], '--slice 4: expected a number from 1 to 3, or auto'],
    [['--slice'], '--slice : expected a number from 1 to 3, or auto'],
    [['--all', '--touched'], '--all runs all slices: it cannot be combined'],
  ])('are refused with %j', (words, message) => {
    expect(() => choose(words, root)).toThrow(message);
  });

  it('are also those of a folder that the newest commits change, up to a limit', () => {
    expect(choose(['--touched'], root)).toMatchObject({ name: 'selection' });
    // Through a helper; the third takes too long.
    write('src/machine/launch/other.ts', 'export {};\n');
    commit(0);
    expect(choose(['--touched'], root)).toMatchObject({
      name: 'selection + 1 touched files',
      leftOut: ['test/e2e/b.test.ts', 'test/e2e/c.test.ts'],
    });
    // By an import that is evaluated later; also changes that are not committed.
    write('src/images/store/store.ts', 'export {};\n');
    expect(choose(['--touched'], root)).toMatchObject({
      name: 'selection + 2 touched files',
      leftOut: ['test/e2e/c.test.ts'],
    });
  });

  it('are in one part, and exist', () => {
    const { selection, slices } = readFiles(ROOT);
    const files = [selection, ...slices].flatMap((part) => Object.keys(part));
    expect(new Set(files).size).toBe(files.length);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
