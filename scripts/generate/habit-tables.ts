/** Writes the tables "More commands" of docs/from-*.md, from the advice that the command prints. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { habits } from '../../src/cli/help/habits.ts';
import { aroundMarkers } from '../../test/documents.ts';

const docs = join(import.meta.dirname, '../../docs');

/** The programs of each page. */
export const PAGES: Readonly<Record<string, readonly string[]>> = {
  'from-podman.md': ['podman'],
  'from-virsh.md': ['virsh', 'virt-install', 'virt-clone', 'virt-viewer', 'virt-top'],
  'from-lima-and-vagrant.md': ['limactl', 'vagrant'],
};

/** Commands of other programs, and those of vmlet in the same row of a table, as in the page. */
export interface Row {
  readonly foreign: readonly string[];
  readonly own: readonly string[];
}

/** Groups whose other commands may follow without these words: `podman volume create`, `ls`. */
const GROUP = /^(?:podman (?:container|machine|network|volume)|podman|virsh|limactl|vagrant) /;

/** The rows of a page that were written by hand. */
export function rowsByHand(page: string): Row[] {
  const { before, after } = aroundMarkers(page, 'habits');
  return [...`${before}${after}`.matchAll(/^\| (.*?) \| (.*)$/gm)].map(([, left = '', right = '']) => {
    let group = '';
    const foreign = spansOf(left)
      .filter((span) => /^[a-z]/.test(span))
      .map((span) => {
        group = GROUP.exec(span)?.[0] ?? group;
        return GROUP.test(span) || span.startsWith('virt-') ? span : `${group}${span}`;
      });
    return { foreign, own: spansOf(right).filter((span) => span.startsWith('vmlet ')) };
  });
}

/** The page with a row for each command of its programs that has advice, and no row written by hand. */
export function withHabits(page: string, programs: readonly string[]): string {
  const written = rowsByHand(page).flatMap(({ foreign }) => foreign);
  const isWritten = (command: string): boolean => written.some((one) => `${one} `.startsWith(`${command} `));
  const rows = habits().flatMap(({ commands, advice }) => {
    const missing = commands.filter(
      (command) => programs.includes(command.split(' ')[0] ?? '') && !isWritten(command),
    );
    return missing.length > 0
      ? [`| ${missing.map((command) => `\`${command}\``).join(', ')} | ${advice} |`]
      : [];
  });
  const { before, after } = aroundMarkers(page, 'habits');
  return `${before}\n\n${['| command | with vmlet |', '| --- | --- |', ...rows].join('\n')}\n\n${after}`;
}

function spansOf(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map(([, span = '']) => span);
}

if (process.argv[1] === import.meta.filename) {
  for (const [name, programs] of Object.entries(PAGES)) {
    const path = join(docs, name);
    writeFileSync(path, withHabits(readFileSync(path, 'utf8'), programs));
  }
}
