import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../directory.ts';
import { unpackPackage } from '../packed-package.ts';

const directory = temporaryDirectory();
const folder = join(directory, 'package');
const CANNOT_FIND_MODULE = 2307;

it(
  'the package has the declarations that its exports need, and no others',
  { timeout: 400_000 },
  async () => {
    await unpackPackage(directory, folder);
    const program = ts.createProgram(exported('types'), {
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      typeRoots: [join(import.meta.dirname, '../../node_modules/@types')],
      types: ['node'],
      noEmit: true,
    });
    const reached = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
    const missing = reached
      .flatMap((file) => program.getSemanticDiagnostics(file))
      .filter(({ code }) => code === CANNOT_FIND_MODULE)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
      .filter((text) => /module '\./.test(text));
    expect(missing).toEqual([]);
    expect(packed('.d.ts')).toEqual(reached.map(({ fileName }) => fileName).sort());
  },
);

it('the package has every module that another imports, and none of the command', () => {
  const modules = packed('.js');
  expect(modules).toEqual(expect.arrayContaining(exported('default')));
  const missing = modules.flatMap((path) =>
    ts
      .preProcessFile(readFileSync(path, 'utf8'))
      .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
      .map(({ fileName }) => join(path, '..', fileName))
      .filter((target) => !existsSync(target)),
  );
  expect(missing).toEqual([]);
  expect(modules.filter((path) => path.startsWith(join(folder, 'dist/cli')))).toEqual([]);
});

it('the package has every file of dist that the code opens by its path', () => {
  const named = readdirSync(join(import.meta.dirname, '../../src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => [
      ...readFileSync(join(import.meta.dirname, '../../src', path), 'utf8').matchAll(
        /packageFile\('(.+?)'\)/g,
      ),
    ])
    .map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
});

function exported(kind: 'types' | 'default'): string[] {
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [join(folder, entry[kind])],
  );
}

/** Compiled modules: the command and the page are bundles. */
function packed(suffix: string): string[] {
  return readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(suffix) && !/^(bin|page)\//.test(path))
    .map((path) => join(folder, 'dist', path))
    .sort();
}
