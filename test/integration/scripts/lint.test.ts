import { execFileSync, spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../../directory.ts';
import { makeProject } from './project.ts';

const modules = join(import.meta.dirname, '../../../node_modules');
const directory = temporaryDirectory();

interface Project {
  readonly path: string;
  readonly lint: () => { status: number | null; output: string };
}

/** A small project with our rules; its types take a moment. */
function projectOf(files: Readonly<Record<string, string>>): Project {
  const compilerOptions = {
    module: 'NodeNext',
    lib: ['ES2015'],
    types: [],
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
  };
  const path = makeProject(directory, ['scripts/check/lint.mjs', 'eslint.config.js'], {
    'package-lock.json': '{}\n',
    'package.json': '{ "type": "module" }\n',
    'page/tsconfig.json': '{}\n',
    // Without a record the types are expected to be checked beside.
    'record.json': '[]\n',
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
    'src/caller.ts': `import { called } from './called.ts';\n\ncalled();\n`,
    'src/called.ts': 'export function called(): void {\n  // Nothing.\n}\n',
    ...files,
  });
  symlinkSync(modules, join(path, 'node_modules'));
  execFileSync('git', ['init', '-q', path]);
  writeFileSync(join(path, '.git/info/exclude'), 'node_modules\n');
  const [types, record] = [join(path, 'types.json'), join(path, 'record.json')];
  const lint = (): { status: number | null; output: string } => {
    execFileSync(join(modules, '.bin/tsc'), ['-p', path, '--incremental', '--tsBuildInfoFile', types]);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(path, 'scripts/check/lint.mjs'), record, types],
      { encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  };
  return { path, lint };
}

it('lints programs without types too, and again after an edit', () => {
  const { path, lint } = projectOf({
    'scripts/good.mjs': 'console.log(process.version);\n',
    'scripts/wrong.mjs': 'console.log(absent);\n',
    'wrong.cjs': 'const unused = 1;\nmodule.exports = {};\n',
    'scripts/test-hosts': '#!/usr/bin/env node\nabsent();\n',
  });
  const first = lint();
  expect(first.status).toBe(1);
  for (const file of ['scripts/wrong.mjs', 'wrong.cjs', 'scripts/test-hosts'])
    expect(first.output).toContain(`${join(path, file)}\n`);
  expect(first.output).toContain('3 problems');

  for (const file of ['scripts/wrong.mjs', 'wrong.cjs', 'scripts/test-hosts'])
    writeFileSync(join(path, file), '');
  writeFileSync(join(path, 'scripts/good.mjs'), 'console.log(process.version, absent);\n');
  expect(lint()).toMatchObject({ status: 1, output: expect.stringContaining('1 problem') as string });
});

it('lints a file again after an edit elsewhere that makes its call wrong', () => {
  const { path, lint } = projectOf({});
  expect(lint()).toEqual({ status: 0, output: '' });
  writeFileSync(
    join(path, 'src/called.ts'),
    'export async function called(): Promise<void> {\n  await Promise.resolve();\n}\n',
  );
  const { status, output } = lint();
  expect(status).toBe(1);
  expect(output).toMatch(/caller\.ts\n.*no-floating-promises/);
});
