// Builds dist/: the library by tsc, the command as one file by esbuild (it starts in half the time), the small C programs by make.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import { bundledPackages, licenceTexts } from './licences.mjs';

const root = join(import.meta.dirname, '..');
const finished = join(root, 'dist');
// A build that fails leaves the last one as it was.
const dist = `${finished}.${process.pid}.new`;
process.once('exit', () => rmSync(dist, { recursive: true, force: true }));

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', dist], {
  cwd: root,
  stdio: 'inherit',
});
make('src/guest/agent', 'guest-agent/vmlet-agent');
make('src/process/keeper', 'keeper/vmlet-keeper');
make('src/process/confine-program', 'confine-program/vmlet-confine');
const { cpioArchive } = await import(join(dist, 'images/cpio.js'));
const { AGENT_IN_INITRD } = await import(join(dist, 'machine/plan.js'));
writeFileSync(
  join(dist, 'guest-agent/agent.cpio'),
  cpioArchive([
    {
      type: 'file',
      path: AGENT_IN_INITRD,
      mode: 0o755,
      data: readFileSync(join(dist, 'guest-agent/vmlet-agent')),
    },
  ]),
);

function make(sources, program) {
  execFileSync('make', ['--no-print-directory', '-C', sources, `OUT=${join(dist, program)}`], {
    cwd: root,
    stdio: 'inherit',
  });
}

/** As an ES module, node:process has every property of `process` read at once, of which one takes 50 ms. */
const processByRequire = {
  name: 'process by require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?process$/ }, () => ({ path: 'process', namespace: 'global' }));
    onLoad({ filter: /^process$/, namespace: 'global' }, () => ({ contents: 'module.exports = process' }));
  },
};
/** esbuild gives who loads a CommonJS package later only its default; Node gives its names too. */
const namesOfCommonJs = {
  name: 'names of CommonJS packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^yaml$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, namespace: 'names' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'names' }, ({ path }) => {
      const names = Object.keys(createRequire(import.meta.url)(path));
      return {
        contents: `import all from '${path}'; export const { ${names.join(', ')} } = all;`,
        resolveDir: root,
      };
    });
  },
};
const { metafile } = await build({
  entryPoints: [join(root, 'src/bin/vmlet.ts')],
  outdir: join(dist, 'bin'),
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: false,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // LGPL: it stays a package of its own, which a user can replace.
  external: ['openpgp'],
  // Beside the entry: files of the package are found relative to the code's own folder.
  chunkNames: '[name]-[hash]',
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  plugins: [processByRequire, namesOfCommonJs],
  metafile: true,
  logLevel: 'warning',
});
writeFileSync(join(dist, 'bin/THIRD-PARTY.txt'), licenceTexts(root, bundledPackages(metafile)));
chmodSync(join(dist, 'bin/vmlet.js'), 0o755);
// Whoever runs the old one just now is without it for as short as can be.
const superseded = `${finished}.${process.pid}.old`;
if (existsSync(finished)) renameSync(finished, superseded);
renameSync(dist, finished);
rmSync(superseded, { recursive: true, force: true });
