import type { SectionResult } from './results.ts';

const START = '<!-- hardening: start -->';
const END = '<!-- hardening: end -->';
const LONGEST_FAULT = 300;

/** The counts of all these sections, what must not be, and under what they were counted, as Markdown. */
export function countsTable(results: ReadonlyMap<string, SectionResult>): string {
  const rows = [...results].flatMap(([name, { counts, scale }]) =>
    counts.map(({ what, tried, held, note }) => {
      const part = scale === 1 ? undefined : `at scale ${scale}`;
      const notes = [note, part].filter((text) => text !== undefined).join('; ');
      return [name, what, String(tried), held === tried ? String(held) : `**${held}**`, notes];
    }),
  );
  const faults = [...results].flatMap(([name, { faults }]) =>
    faults.map((fault) => `- ${name}: ${oneLine(fault)}`),
  );
  return [['section', 'what', 'tried', 'held', 'note'], ['---', '---', '--:', '--:', '---'], ...rows]
    .map((cells) => `| ${cells.map(escapeCell).join(' | ')} |`)
    .concat(faults.length > 0 ? ['', 'What must not be:', '', ...faults] : [])
    .concat('', ...circumstances(results))
    .join('\n');
}

/** `document` with this table between its two markers. */
export function withTable(document: string, table: string): string {
  const { before, after } = aroundTable(document);
  return `${before}\n\n${table}\n\n${after}`;
}

/** The sections that have a row in the document's table, once each. */
export function sectionsInTable(document: string): string[] {
  const rows = aroundTable(document).table.matchAll(/^\| ([a-z][\w-]*) \|/gm);
  const [, ...names] = new Set([...rows].map(([, name]) => name ?? ''));
  return names;
}

function aroundTable(document: string): { before: string; table: string; after: string } {
  const start = document.indexOf(START);
  const end = document.indexOf(END);
  if (start < 0 || end < start) throw new Error(`expected ${START} and, after it, ${END}`);
  return {
    before: document.slice(0, start + START.length),
    table: document.slice(start + START.length, end),
    after: document.slice(end),
  };
}

/** One line for each host, version and day on which something was counted. */
function circumstances(results: ReadonlyMap<string, SectionResult>): string[] {
  const byCircumstance = new Map<string, string[]>();
  for (const [name, { host, commit, at }] of results) {
    const words = `${at.slice(0, 10)}, commit ${commit}: ${host}`;
    byCircumstance.set(words, [...(byCircumstance.get(words) ?? []), name]);
  }
  if (byCircumstance.size === 1) return [`Counted on ${[...byCircumstance.keys()].join('')}.`];
  return [...byCircumstance].map(([words, names]) => `- Counted on ${words}: ${names.join(', ')}.`);
}

/** The raw log has all of it. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST_FAULT ? `${line.slice(0, LONGEST_FAULT)}…` : line;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
