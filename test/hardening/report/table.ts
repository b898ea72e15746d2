import { aroundMarkers } from '../../documents.ts';
import type { SectionResult } from './results.ts';
import { sumsOf } from './sums.ts';

const MARKERS = 'hardening';
const HEADING = [
  '| section | cases | tried | held | permitted | commit |',
  '| --- | --- | --: | --: | --: | --- |',
];
/** The words that `npm run hardening` takes for these counts. */
const SECTION = /^\| ([a-z][\w-]*)(?: --scale [\d.]+)? \|/;
const FAULTS = 'Failures:';
const LONGEST_FAULT = 300;

/** Lines of Markdown. */
interface SectionLines {
  readonly rows: readonly string[];
  readonly faults: readonly string[];
  readonly host: string;
}

/** The sums of these sections, their faults, and their hosts, as Markdown. */
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
  const { before, between, after } = aroundMarkers(document, MARKERS);
  const known = new Map([...readTable(between), ...writtenOf(results)]);
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
  return [...readTable(aroundMarkers(document, MARKERS).between).keys()];
}

function writtenOf(results: ReadonlyMap<string, SectionResult>): Map<string, SectionLines> {
  return new Map([...results].map(([name, result]) => [name, linesOf(name, result)]));
}

function linesOf(name: string, result: SectionResult): SectionLines {
  return {
    rows: sumsOf(result).map(({ kind, scale, tried, held, permitted, commits, notRun }) => {
      const words = scale === 1 ? name : `${name} --scale ${scale}`;
      const sums = [tried, held === tried ? held : `**${held}**`, permitted > 0 ? permitted : ''].map(String);
      const cells = [words, notRun === undefined ? kind : `${kind}; ${notRun}`, ...sums];
      return `| ${[...cells, [...commits].join(', ')].map(escapeCell).join(' | ')} |`;
    }),
    faults: result.faults.map((fault) => `- ${name}: ${oneLine(fault)}`),
    host: result.host,
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
    ...hostsOf(sections),
  ].join('\n');
}

/** One line for each host and user of a count. */
function hostsOf(sections: ReadonlyMap<string, SectionLines>): string[] {
  const named = new Map<string, string[]>();
  for (const [name, { host }] of sections) named.set(host, [...(named.get(host) ?? []), name]);
  return [...named].map(([host, names]) => `- Counted on ${host}: ${names.join(', ')}.`);
}

/** Parses the output of `tableOf`. */
function readTable(table: string): Map<string, SectionLines> {
  const lines = table.split('\n');
  const [, ...names] = new Set(lines.flatMap((line) => SECTION.exec(line)?.[1] ?? []));
  return new Map(
    names.map((name) => [
      name,
      {
        rows: lines.filter((line) => SECTION.exec(line)?.[1] === name),
        faults: lines.filter((line) => line.startsWith(`- ${name}: `)),
        host: hostIn(lines, name),
      },
    ]),
  );
}

function hostIn(lines: readonly string[], section: string): string {
  for (const line of lines) {
    const [, host, names] = /^- Counted on (.*): ([\w, -]+)\.$/.exec(line) ?? [];
    if (host !== undefined && names?.split(', ').includes(section)) return host;
  }
  throw new Error(`the table does not say where ${section} was counted`);
}

/** The raw log contains all of it. */
function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST_FAULT ? `${line.slice(0, LONGEST_FAULT)}…` : line;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
