import { Command } from 'commander';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { note } from '../output/say.ts';
import { catalogueTable } from './catalogue-table.ts';

interface Flags extends FormatFlags {
  readonly quiet?: true;
}

/** `vmlet search`, which `vmlet image search` is too. */
export function searchCommand(): Command {
  const command = new Command('search')
    .summary('search for images to download')
    .description(
      'Lists the images that can be pulled by name and have a word in their name, alias or description: those of ' +
        'vmlet’s catalogue, and those in images.yaml in your own configuration. Nobody is asked.',
    )
    .argument('[term]', 'as in debian; all of them by default')
    .option('-q, --quiet', 'names only');
  return addFormatOptions(command, '{{.Reference}} {{.Verification}}').action(search);
}

async function search(term: string | undefined, flags: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const rows = await (term === undefined ? store.catalogue() : store.search(term));
  if (printRecords(flags, 'images', rows)) return;
  if (rows.length > 0) process.stdout.write(catalogueTable(rows, flags));
  else note(`no image matches "${term ?? ''}"; all are listed by: vmlet search`);
}
