import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const HERE = '/*here*/';
/** Fewer options mean that an editor did not understand the call. */
const LEAST = { launch: 25, template: 25, fork: 5, pool: 3, exec: 5, create: 25, set: 10, fixtures: 20 };
const CALLS: Readonly<Record<keyof typeof LEAST, string>> = {
  launch: `import { launch } from 'vmlet'; launch({ ${HERE} });`,
  template: `import { createTemplate } from 'vmlet'; createTemplate({ ${HERE} });`,
  fork: `import { Template } from 'vmlet'; declare const t: Template; t.fork({ ${HERE} });`,
  pool: `import { createPool, Template } from 'vmlet'; declare const t: Template; createPool(t, { ${HERE} });`,
  exec: `import type { Machine } from 'vmlet'; declare const m: Machine; m.exec(['a'], { ${HERE} });`,
  create: `import { MachineStore } from 'vmlet/store'; new MachineStore().create({ ${HERE} });`,
  set: `import { MachineStore } from 'vmlet/store'; new MachineStore().get('a').set({ ${HERE} });`,
  fixtures: `import { machines } from 'vmlet/vitest'; machines({ a: { ${HERE} } });`,
};
/** In the package, whose names resolve to what is published. */
const TEXTS = new Map(
  Object.entries(CALLS).map(([name, text]) => [join(root, `test/edited-${name}.ts`), text]),
);
const editor = ts.createLanguageService({
  getCompilationSettings: () => ({
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: ['node'],
  }),
  getScriptFileNames: () => [...TEXTS.keys()],
  getScriptVersion: () => '1',
  getScriptSnapshot: (path) => {
    const text = read(path);
    return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
  },
  getCurrentDirectory: () => root,
  getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
  fileExists: (path) => TEXTS.has(path) || ts.sys.fileExists(path),
  readFile: read,
});

function read(path: string): string | undefined {
  return TEXTS.get(path) ?? ts.sys.readFile(path);
}

// Declarations that TypeScript infers from zod schemas have no comments by themselves.
it.each(Object.entries(LEAST))('an editor describes every option of %s', (name, least) => {
  const options = offered(join(root, `test/edited-${name}.ts`));
  expect(options.length).toBeGreaterThanOrEqual(least);
  expect(options.filter(({ description }) => description === '')).toEqual([]);
});

function offered(file: string): { readonly name: string; readonly description: string }[] {
  const at = TEXTS.get(file)?.indexOf(HERE) ?? 0;
  const entries = editor.getCompletionsAtPosition(file, at, {})?.entries ?? [];
  return entries
    .filter(({ kind }) => kind === ts.ScriptElementKind.memberVariableElement)
    .map(({ name, source, data }) => {
      const details = editor.getCompletionEntryDetails(file, at, name, {}, source, {}, data);
      return { name, description: ts.displayPartsToString(details?.documentation) };
    });
}
