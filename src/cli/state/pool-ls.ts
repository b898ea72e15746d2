import { Command } from 'commander';
import { table } from '../output/table.ts';
import { printJson, printLines } from '../output/say.ts';
import { POOL_HEADING, POOL_NUMBERS, poolCells, poolRows } from './pool-rows.ts';

interface Flags {
  readonly quiet?: true;
  readonly json?: true;
}

export function poolLsCommand(): Command {
  return new Command('ls')
    .summary('list pools')
    .description(
      'Lists running pools. WAITING is the number of guests that wait for a command. TAKEN is the number of guests in use. ' +
        '"?" means that the pool does not answer.',
    )
    .option('-q, --quiet', 'print only names')
    .option('--json', 'print JSON')
    .action(list);
}

async function list({ quiet, json }: Flags): Promise<void> {
  if (quiet && !json) {
    const { listPools } = await import('../../public/pools.ts');
    printLines(listPools().map(({ name }) => name));
    return;
  }
  const rows = await poolRows();
  if (json) {
    printJson({ version: 1, pools: rows });
    return;
  }
  process.stdout.write(table([['NAME', ...POOL_HEADING], ...rows.map(poolCells)], { numbers: POOL_NUMBERS }));
}
