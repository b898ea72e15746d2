import { Command } from 'commander';
import { formatBytes, formatMoment } from '../../public/format.ts';
import type { NamedPool } from '../../index.ts';
import { table } from '../output/table.ts';
import { printJson, printLines } from '../output/say.ts';

interface Flags {
  readonly quiet?: true;
  readonly json?: true;
}

export function poolLsCommand(): Command {
  return new Command('ls')
    .summary('list pools')
    .description('Lists running pools, with the numbers of guests that wait and of guests in use.')
    .option('-q, --quiet', 'print only names')
    .option('--json', 'print JSON')
    .action(list);
}

async function list({ quiet, json }: Flags): Promise<void> {
  const { listPools } = await import('../../index.ts');
  const pools = listPools();
  if (quiet) {
    printLines(pools.map(({ name }) => name));
    return;
  }
  const rows = await Promise.all(pools.map(rowOf));
  if (json) {
    printJson({ version: 1, pools: rows });
    return;
  }
  const heading = ['NAME', 'IMAGE', 'MEMORY', 'SIZE', 'WAITING', 'TAKEN', 'CREATED', 'PID'];
  process.stdout.write(table([heading, ...rows.map(cellsOf)], { numbers: [2, 3, 4, 5, 7] }));
}

async function rowOf(pool: NamedPool) {
  const { name, image, memoryBytes, size, createdAt } = pool;
  return { name, image, memoryBytes, size, createdAt, pid: pool.process.pid, ...(await pool.status()) };
}

function cellsOf(row: Awaited<ReturnType<typeof rowOf>>): string[] {
  return [
    row.name,
    row.image ?? '',
    formatBytes(row.memoryBytes),
    String(row.size),
    String(row.waiting),
    String(row.taken),
    formatMoment(row.createdAt),
    String(row.pid),
  ];
}
