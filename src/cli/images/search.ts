import { Command } from 'commander';
import { catalogueTable } from './catalogue-table.ts';

interface Flags {
  readonly quiet?: true;
  readonly json?: true;
}

/** `vmlet search`, which `vmlet image search` is too. */
export function searchCommand(): Command {
  return new Command('search')
    .summary('find images that can be pulled')
    .description(
      'Lists the images that can be pulled by name and have a word in their name, alias or description: those of ' +
        'vmlet’s catalogue, and those in images.yaml in your own configuration. Nobody is asked.',
    )
    .argument('<term>', 'as in debian')
    .option('-q, --quiet', 'names only')
    .option('--json', 'print JSON')
    .action(search);
}

async function search(term: string, flags: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const rows = await new ImageStore().search(term);
  process.stdout.write(catalogueTable(rows, flags));
}
