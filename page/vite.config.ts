import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { xtermWithoutUnused } from './consoles/xterm.ts';

/**
 * Parts of noVNC that a machine's screen never needs: encodings that QEMU does not send, since it takes the first that
 * noVNC names and it has (Tight), logins that a unix socket does not ask for, and the deflation of a clipboard that the
 * page does not send. All its other files are bundled as they are.
 */
const UNUSED_BY_QEMU =
  /\/(ra2|deflator|crypto\/crypto|decoders\/(h264|hextile|jpeg|rre|tightpng|zlib|zrle))\.js$/;

const KEY_SYMBOLS = /\/keysymdef\.js$/;
const ABSENT = fileURLToPath(import.meta.resolve('./consoles/absent.ts'));
const KEYSYMS = fileURLToPath(import.meta.resolve('./consoles/keysyms.ts'));

const withoutUnused: Plugin = {
  name: 'without unused parts of noVNC',
  enforce: 'pre',
  resolveId(source, importer) {
    if (importer?.includes('/@novnc/novnc/') !== true) return null;
    if (UNUSED_BY_QEMU.test(source)) return ABSENT;
    return KEY_SYMBOLS.test(source) ? KEYSYMS : null;
  },
};

/** Two large chunks compress better than many: what is loaded at once with all that it imports, and the pages opened later. */
const CHUNKS = [
  { name: 'first', priority: 1, test: /\/page\/app\.tsx$/ },
  { name: 'later', test: /\/page\/(host|create|machine)\// },
];

/** `scripts/build/page.mjs` runs this with the folder to write to. */
export default defineConfig({
  root: import.meta.dirname,
  // Relative, since a file of the page may be served below any path.
  base: './',
  publicDir: false,
  plugins: [withoutUnused, xtermWithoutUnused],
  logLevel: 'warn',
  build: {
    outDir: join(import.meta.dirname, '../dist/page'),
    target: 'es2022',
    // Replaces noVNC's tables of constants by the few that are used: 5 kB less with gzip than Vite's own.
    minify: 'terser',
    terserOptions: { module: true, compress: { passes: 2 } },
    // The content policy of the server allows no data: addresses of scripts and fonts.
    assetsInlineLimit: 0,
    rolldownOptions: {
      // On a busy host every build would print them.
      checks: { bundlerTimings: false },
      output: { codeSplitting: { groups: CHUNKS } },
    },
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Larger chunks than Vite's 500 kB would not pass the budget of `scripts/build/page.mjs` anyway.
    chunkSizeWarningLimit: 600,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
