import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { HostTree } from '../../../../src/guest/sync/host-tree.ts';
import { ignoredPaths } from '../../../../src/guest/sync/ignored-paths.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();
const GIT = { PATH: process.env['PATH'], HOME: top, GIT_CONFIG_NOSYSTEM: '1', GIT_CEILING_DIRECTORIES: top };
const DIRECTORIES = ['', 'a', 'a/b', 'a/b/d', 'b', 'build', 'a/build', 'b/a', 'x y', 'x y/#z', 'q?', 'qa'];
const FILES = ['a.log', 'b.log', 'keep.log', 'c', 'dist', '#d', 'build.o', ' e'];
const PATTERNS = [
  ...[
    '*.log',
    '!keep.log',
    '/c',
    'c',
    'build/',
    'build',
    '/build',
    '!build/',
    'b/c',
    '/a/b',
    'a/*',
    '!a/b',
    '**/c',
  ],
  ...[
    '**/build/*.o',
    'a/**',
    '!*.o',
    '#d',
    '\\#d',
    'dist',
    '!dist',
    '[ab].log',
    '?',
    '*',
    '!*/',
    ' e',
    'b/',
    '!b/',
    '',
    '/',
    '!',
    '!/',
  ],
];
const ROUNDS = 60;

/** A repeatable sequence of numbers below a limit. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
}

/** The files that git would add. */
function filesOfGit(root: string): string[] {
  const words = ['ls-files', '--others', '--exclude-standard', '-z'];
  return execFileSync('git', ['-C', root, ...words], { encoding: 'utf8', env: GIT })
    .split('\0')
    .slice(0, -1)
    .sort();
}

async function filesOfSync(root: string): Promise<string[]> {
  const tree = new HostTree(root, ignoredPaths(['/.git'], true), () => undefined);
  await tree.scan(undefined);
  return [...tree.entries].flatMap(([path, { kind }]) => (kind === 'directory' ? [] : [path])).sort();
}

it('ignores what git ignores, with files in any directory', async () => {
  let most = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const below = numbers(round + 1);
    const root = directoryIn(top, 'tree-');
    execFileSync('git', ['-C', root, 'init', '-q'], { env: GIT });
    for (const directory of DIRECTORIES) {
      for (const name of FILES) {
        const path = join(root, directory, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, '');
      }
    }
    const rules: Record<string, string[]> = {};
    for (const directory of DIRECTORIES) {
      if (below(3) > 0) continue;
      rules[directory] = Array.from({ length: 1 + below(4) }, () => PATTERNS[below(PATTERNS.length)] ?? '');
      writeFileSync(
        join(root, directory, '.gitignore'),
        (below(4) === 0 ? '\ufeff' : '') + rules[directory].join('\n'),
      );
    }
    const expected = filesOfGit(root);
    most = Math.max(most, expected.length);
    expect({ rules, files: await filesOfSync(root) }).toEqual({ rules, files: expected });
  }
  expect(most).toBeGreaterThan((DIRECTORIES.length * FILES.length) / 2);
});
