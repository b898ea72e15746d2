import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { type Page, pages, topPages } from '../../documents.ts';

const root = join(import.meta.dirname, '../../..');
const everyPage = [...topPages(), ...pages('docs', 'src', 'native', 'examples')];
const MOST_LINES: Readonly<Record<string, number>> = {
  'README.md': 200,
  'ARCHITECTURE.md': 150,
  'AGENTS.md': 100,
  'SECURITY.md': 80,
};

it('finds pages with links', () => {
  expect(everyPage.flatMap(links).length).toBeGreaterThan(80);
});

it.each(everyPage.map((page) => [page.path, page] as const))('%s has no broken link', (_path, page) => {
  expect(links(page).filter((target) => isBroken(page, target))).toEqual([]);
});

it.each(Object.entries(MOST_LINES))('%s has at most %i lines', (path, most) => {
  expect(readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(most);
});

it('names no file that does not exist, from the root or from src', () => {
  const documents = [...topPages().filter(({ path }) => path !== 'CHANGELOG.md'), ...pages('docs')];
  const named = documents.flatMap(({ path, text }) =>
    [
      ...text.matchAll(
        /`((?:test|src|fixtures|scripts|native)\/[\w./-]+|[a-z][\w-]*\/[\w/-]+\.(?:ts|c|mjs))`/g,
      ),
    ].map(([, file = '']) => ({ path, file })),
  );
  expect(named.length).toBeGreaterThan(150);
  const isMissing = (file: string): boolean =>
    !existsSync(join(root, file)) && !existsSync(join(root, 'src', file));
  expect(named.filter(({ file }) => isMissing(file))).toEqual([]);
});

it('finds the sections of docs/ that messages and comments name', () => {
  const named = sources().flatMap((text) => [...text.matchAll(/\bdocs\/[\w-]+\.md(?:#[\w-]+)?/g)].flat());
  expect(named).toContain('docs/images.md#install-the-agent');
  expect(named.filter((target) => isBroken({ path: 'README.md', text: '' }, target))).toEqual([]);
});

it('notices a broken link and a broken anchor', () => {
  const page = { path: 'docs/hosts.md', text: '# Page\n' };
  expect(['hosts.md', 'hosts.md#requirements', '#page'].filter((target) => isBroken(page, target))).toEqual(
    [],
  );
  const broken = ['no.md', 'hosts.md#no-such-heading', '#no', '../src/no.ts'];
  expect(broken.filter((target) => isBroken(page, target))).toEqual(broken);
});

/** The texts of all files of src in TypeScript. */
function sources(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'));
}

/** The targets of a page's links within the repository. */
function links({ text }: Page): string[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

function isBroken({ path, text }: Page, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const linked = file === '' ? join(root, path) : join(root, dirname(path), file);
  if (!existsSync(linked) || relative(root, linked).startsWith('..')) return true;
  if (anchor === undefined) return false;
  if (statSync(linked).isDirectory()) return true;
  return !anchors(file === '' ? text : readFileSync(linked, 'utf8')).includes(anchor);
}

/** The anchors of headings, as GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
