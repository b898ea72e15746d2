import { basename, join } from 'node:path';
import { build, type Plugin as BundlerPlugin } from 'esbuild';
import type { Plugin } from 'vite';

const SOURCES = join(import.meta.dirname, '../../node_modules/@xterm/xterm/src');
const ENTRY = join(SOURCES, 'browser/public/Terminal.ts');

/** Stands for a class that the terminal makes, but needs only this of. */
const idle = (name: string, body = ''): string => `export class ${name} { dispose() {} ${body} }`;
const never = '() => undefined';

/**
 * Parts of xterm.js that a console never needs, by their files: decorations, which only add-ons make, and links: what a
 * guest prints as one is text.
 */
const UNUSED: Readonly<Record<string, string>> = {
  'OverviewRulerRenderer.ts': idle('OverviewRulerRenderer'),
  'BufferDecorationRenderer.ts': idle('BufferDecorationRenderer'),
  'OscLinkProvider.ts': idle('OscLinkProvider'),
  'DecorationService.ts': idle(
    'DecorationService',
    `onDecorationRegistered = ${never}; onDecorationRemoved = ${never}; forEachDecorationAtCell() {} reset() {}`,
  ),
  // It is asked for one of a few options of an observer.
  'hash.ts': 'export const hash = JSON.stringify',
  'Linkifier.ts': idle('Linkifier', `onShowLinkUnderline = ${never}; onHideLinkUnderline = ${never};`),
};

/** Its file paths begin at the folder of its sources. */
const fromSources: BundlerPlugin = {
  name: 'sources of xterm.js',
  setup(bundler) {
    bundler.onResolve({ filter: /^(browser|common|vs)\// }, async ({ path, kind }) =>
      bundler.resolve(`./${path}`, { resolveDir: SOURCES, kind }),
    );
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const contents = UNUSED[basename(path)];
      return contents === undefined ? undefined : { contents, loader: 'ts' };
    });
  },
};

/** Bundles xterm.js from its sources, as its authors do, since what they bundled has all parts. */
export const xtermWithoutUnused: Plugin = {
  name: 'xterm.js without unused parts',
  enforce: 'pre',
  resolveId: (source) => (source === '@xterm/xterm' ? ENTRY : null),
  async load(id) {
    if (id !== ENTRY) return null;
    const { outputFiles } = await build({
      entryPoints: [ENTRY],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      legalComments: 'none',
      minifySyntax: true,
      plugins: [fromSources],
      // As in its tsconfig.json, which the package lacks.
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    });
    return outputFiles[0]?.text ?? null;
  },
};
