// Bundles the command as few files by esbuild: it starts in half the time. `vmlet run` has files of its own, one for runs
// in a pool and one for all others that stay in the foreground: V8 needs time and memory for all code of a file, also for
// what does not run, and `run` keeps the memory for as long as its command runs.
import { join } from 'node:path';
import { build } from 'esbuild';

/** A command parses each schema once or twice: by default zod compiles it first, which takes longer. */
const WHOLE = `
  import { config } from 'zod';
  config({ jitless: true });
  export { main } from './main.ts';
`;
/** The interface of CommandFile in src/bin. */
const POOLED = `
  export { main } from './main.ts';
  export { isPooledRun as runs } from './lifecycle/run.ts';
`;
/** True for the files that such runs load with import(). */
const isOfPooledRun = (path) => /\/lifecycle\/run\.ts$|^\.\/run-pooled\.ts$/.test(path);
const isOfForegroundRun = (path, importer) =>
  importer.endsWith('/cli/commands.ts')
    ? path === './lifecycle/run.ts'
    : !/\/run-(detached|pooled)\.ts$|\/completion\//.test(path);

/**
 * Files of their own, which few commands load. All else is one file: Node 20 needs a millisecond for each file that a
 * module imports, and opens all of them at once.
 */
const besideCommand = {
  name: 'files beside the command',
  setup({ onResolve }) {
    onResolve({ filter: /^(execa|yaml)$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${path}.cjs`, external: true } : undefined,
    );
  },
};

/** Leaves out the files for import() of which `isLoaded` is false. */
const only = (isLoaded) => ({
  name: 'no other verbs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\./ }, ({ path, importer, kind }) =>
      kind === 'dynamic-import' && !isLoaded(path, importer) ? { path, namespace: 'absent' } : undefined,
    );
    onLoad({ filter: /^/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`not in this file of the command: ${path}`)})`,
    }));
  },
});

/** @returns the results of esbuild, with their metafiles. */
export async function buildCommandFiles(root, outdir) {
  const common = {
    // The code finds files of the package relative to this folder.
    outdir,
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    // command-file.ts reads it as Latin-1.
    charset: 'ascii',
    platform: 'node',
    target: 'node20.19',
    metafile: true,
    logLevel: 'warning',
    // Node loads neither its loader of ES modules nor one file for each module.
    format: 'cjs',
    define: { 'import.meta.url': '__url', 'import.meta.dirname': '__dirname' },
    banner: { js: "'use strict';const __url=require('node:url').pathToFileURL(__filename).href;" },
  };
  const commandFile = {
    ...common,
    outExtension: { '.js': '.cjs' },
    // Node 20 keeps compiled code only of scripts, and those cannot use import().
    supported: { 'dynamic-import': false },
    // LGPL: stays a separate package, which users can replace.
    external: ['openpgp'],
  };
  return Promise.all([
    build({ ...common, entryPoints: { vmlet: join(root, 'src/bin/vmlet.ts') } }),
    build({
      ...commandFile,
      stdin: { contents: WHOLE, resolveDir: join(root, 'src/cli'), sourcefile: 'main.js' },
      entryNames: 'main',
      plugins: [besideCommand],
    }),
    build({ ...commandFile, entryPoints: { execa: 'execa', yaml: 'yaml' } }),
    build({
      ...commandFile,
      stdin: { contents: POOLED, resolveDir: join(root, 'src/cli'), sourcefile: 'pooled.js' },
      entryNames: 'pooled',
      plugins: [only(isOfPooledRun)],
    }),
    build({
      ...commandFile,
      stdin: { contents: WHOLE, resolveDir: join(root, 'src/cli'), sourcefile: 'foreground.js' },
      entryNames: 'foreground',
      plugins: [only(isOfForegroundRun), besideCommand],
    }),
  ]);
}
