// The table of tested hosts.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BEGIN = '<!-- hosts: begin -->';
const END = '<!-- hosts: end -->';

/** Markdown table with a row for each host and a column for each step. */
export function hostTable(hosts) {
  const columns = [...new Set(hosts.flatMap(({ cells }) => [...cells.keys()]))];
  const reasons = [
    ...new Set(hosts.flatMap(({ cells }) => [...cells.values()].map(({ reason }) => reason))),
  ].filter(Boolean);
  const cell = (it) => {
    if (it === undefined) return '';
    const word = it.skipped ? 'no' : it.ok ? 'yes' : '**failed**';
    return it.reason ? `${word} (${reasons.indexOf(it.reason) + 1})` : word;
  };
  const rows = hosts.map(({ release, node, account, versions, cells }) => [
    `${release}, Node ${node}, ${account === 'root' ? 'root' : 'user'}`,
    versions,
    ...columns.map((column) => cell(cells.get(column))),
  ]);
  const lines = [['host', 'with', ...columns], ['---', '---', ...columns.map(() => '---')], ...rows];
  const notes = reasons.map((reason, index) => `${index + 1}. ${reason}`);
  return [
    ...lines.map((line) => `| ${line.join(' | ')} |`),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

/** Results of earlier runs in this checkout, by release: the last run of each step. Each host has a file. */
export function keptRows(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readRow(join(folder, name)));
}

/** Adds rows to the stored results. */
export function keepRows(folder, hosts) {
  mkdirSync(folder, { recursive: true });
  for (const host of hosts) {
    const path = join(folder, `${host.name}.json`);
    const cells = [...(existsSync(path) ? readRow(path).cells : []), ...host.cells];
    // Another run may be reading them all.
    writeFileSync(`${path}.new`, JSON.stringify({ ...host, cells: [...new Map(cells)] }));
    renameSync(`${path}.new`, path);
  }
}

function readRow(path) {
  const row = JSON.parse(readFileSync(path, 'utf8'));
  return { ...row, cells: new Map(row.cells) };
}

/** Writes the table between the two markers of the page. */
export function writeHostTable(path, hosts) {
  const text = readFileSync(path, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${path} has no marks ${BEGIN} and ${END}`);
  writeFileSync(
    path,
    `${text.slice(0, before + BEGIN.length)}\n\n${hostTable(hosts)}\n\n${text.slice(after)}`,
  );
}
