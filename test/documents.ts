import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A page in Markdown: its path from the root of the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  readonly page: string;
  /** The line of its opening fence. */
  readonly line: number;
  /** The word after the fence: sh, console, ts, json or yaml. */
  readonly language: string;
  readonly text: string;
  /** The reason of `<!-- not run: reason -->` before the block. */
  readonly notRun: string | undefined;
}

/** Returns the pages at these places: files, and directories with their contents. */
export function pages(...places: readonly string[]): Page[] {
  return places
    .flatMap((place) =>
      place.endsWith('.md')
        ? [place]
        : readdirSync(join(root, place), { recursive: true, encoding: 'utf8' }).map((path) =>
            join(place, path),
          ),
    )
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules/'))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Returns the pages at the top of the repository, such as README.md. */
export function topPages(): Page[] {
  return pages(...readdirSync(root).filter((path) => path.endsWith('.md')));
}

/** Returns the fenced code blocks of a page. */
export function codeBlocks({ path, text }: Page): CodeBlock[] {
  const fenced = /(?:^<!-- not run: (.*) -->\n\n?)?^( *)```(\w*)\n([\s\S]*?)^\2```$/gm;
  return [...text.matchAll(fenced)].map(
    ({ index, 1: notRun, 2: indent = '', 3: language = '', 4: body = '' }) => ({
      page: path,
      line: text.slice(0, text.indexOf('```', index)).split('\n').length,
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      notRun,
    }),
  );
}

/** The command lines of a block: those after `$ ` in a console block, all lines but comments in a shell block. */
export function commandLines({ language, text }: CodeBlock): string[] {
  const lines = text.split('\n');
  if (language === 'console')
    return lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2));
  return language === 'sh' ? lines.filter((line) => line !== '' && !line.startsWith('#')) : [];
}

/** Returns the parts of a page before, between and after `<!-- name: start -->` and `<!-- name: end -->`, which stay. */
export function aroundMarkers(
  page: string,
  name: string,
): { before: string; between: string; after: string } {
  const [first, last] = [`<!-- ${name}: start -->`, `<!-- ${name}: end -->`];
  const start = page.indexOf(first) + first.length;
  const end = page.indexOf(last);
  if (!page.includes(first) || end < start) throw new Error(`expected ${first} and, after it, ${last}`);
  return { before: page.slice(0, start), between: page.slice(start, end), after: page.slice(end) };
}
