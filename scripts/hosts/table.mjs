// The table of hosts and what was tried on them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- hosts: begin -->';
const END = '<!-- hosts: end -->';

/** A row for each host, a column for each thing tried on any; in Markdown. */
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

/** What the runs of this checkout have found, by releases; of each step what its last run has. */
export function keptRows(path) {
  if (!existsSync(path)) return [];
  const rows = JSON.parse(readFileSync(path, 'utf8')).map((row) => ({ ...row, cells: new Map(row.cells) }));
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Adds these rows to them. */
export function keepRows(path, hosts) {
  const rows = new Map(keptRows(path).map((row) => [row.name, row]));
  for (const host of hosts) {
    const cells = new Map([...(rows.get(host.name)?.cells ?? []), ...host.cells]);
    rows.set(host.name, { ...host, cells });
  }
  const kept = [...rows.values()].map((row) => ({ ...row, cells: [...row.cells] }));
  writeFileSync(path, JSON.stringify(kept));
}

/** Puts it between the two marks of the page. */
export function writeHostTable(path, hosts) {
  const text = readFileSync(path, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${path} has no marks ${BEGIN} and ${END}`);
  writeFileSync(
    path,
    `${text.slice(0, before + BEGIN.length)}\n\n${hostTable(hosts)}\n\n${text.slice(after)}`,
  );
}
