import type { SectionResult } from './results.ts';

const START = '<!-- hardening: start -->';
const END = '<!-- hardening: end -->';
const HEADING = ['| section | what | tried | held | note |', '| --- | --- | --: | --: | --- |'];
const FAULTS = 'Failures:';
const LONGEST_FAULT = 300;

/** Lines of Markdown. */
interface SectionLines {
  readonly rows: readonly string[];
  readonly faults: readonly string[];
  /** The time, commit and host of the count. */
  readonly circumstances: string;
}

/** The counts of these sections, their faults, and their circumstances, as Markdown. */
export function countsTable(results: ReadonlyMap<string, SectionResult>): string {
  return tableOf(writtenOf(results));
}

/**
 * `document` with these counts between its two markers. It keeps the rows of sections without a result: all of them
 * take a day.
 * @throws Error for `names` without either.
 */
export function withCounts(
  document: string,
  results: ReadonlyMap<string, SectionResult>,
  names: readonly string[],
): string {
  const { before, table, after } = aroundTable(document);
  const known = new Map([...readTable(table), ...writtenOf(results)]);
  const missing = names.filter((name) => !known.has(name));
  if (missing.length > 0) throw new Error(`no results yet of ${missing.join(', ')}; run them first`);
  const inOrder = names.flatMap((name) => {
    const lines = known.get(name);
    return lines ? [[name, lines] as const] : [];
  });
  return `${before}\n\n${tableOf(new Map(inOrder))}\n\n${after}`;
}

/** The sections that have a row in the document's table, once each. */
export function sectionsInTable(document: string): string[] {
  return [...readTable(aroundTable(document).table).keys()];
}

function writtenOf(results: ReadonlyMap<string, SectionResult>): Map<string, SectionLines> {
  return new Map([...results].map(([name, result]) => [name, linesOf(name, result)]));
}

function linesOf(name: string, { counts, faults, scale, ...result }: SectionResult): SectionLines {
  const part = scale === 1 ? undefined : `at scale ${scale}`;
  return {
    rows: counts.map(({ what, tried, held, note }) => {
      const notes = [note, part].filter((text) => text !== undefined).join('; ');
      const cells = [name, what, String(tried), held === tried ? String(held) : `**${held}**`, notes];
      return `| ${cells.map(escapeCell).join(' | ')} |`;
    }),
    faults: faults.map((fault) => `- ${name}: ${oneLine(fault)}`),
    circumstances: `${result.at.slice(0, 10)}, commit ${result.commit}: ${result.host}`,
  };
}

function tableOf(sections: ReadonlyMap<string, SectionLines>): string {
  const all = [...sections.values()];
  const faults = all.flatMap((section) => section.faults);
  return [
    ...HEADING,
    ...all.flatMap(({ rows }) => rows),
    ...(faults.length > 0 ? ['', FAULTS, '', ...faults] : []),
    '',
    ...circumstancesOf(sections),
  ].join('\n');
}

/** One line for each host, version and day of a count. */
function circumstancesOf(sections: ReadonlyMap<string, SectionLines>): string[] {
  const named = new Map<string, string[]>();
  for (const [name, { circumstances }] of sections) {
    named.set(circumstances, [...(named.get(circumstances) ?? []), name]);
  }
  return [...named].map(([words, names]) => `- Counted on ${words}: ${names.join(', ')}.`);
}

/** Parses the output of `tableOf`. */
function readTable(table: string): Map<string, SectionLines> {
  const lines = table.split('\n');
  const [, ...names] = new Set(lines.flatMap((line) => /^\| ([a-z][\w-]*) \|/.exec(line)?.[1] ?? []));
  return new Map(
    names.map((name) => [
      name,
      {
        rows: lines.filter((line) => line.startsWith(`| ${name} |`)),
        faults: lines.filter((line) => line.startsWith(`- ${name}: `)),
        circumstances: circumstancesIn(lines, name),
      },
    ]),
  );
}

function circumstancesIn(lines: readonly string[], section: string): string {
  for (const line of lines) {
    const [, words, names] = /^- Counted on (.*): ([\w, -]+)\.$/.exec(line) ?? [];
    if (words !== undefined && names?.split(', ').includes(section)) return words;
  }
  throw new Error(`the table does not say when ${section} was counted`);
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

/** The raw log contains all of it. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST_FAULT ? `${line.slice(0, LONGEST_FAULT)}…` : line;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
