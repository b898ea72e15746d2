import { Command } from 'commander';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { note } from '../output/say.ts';
import { catalogueTable } from './catalogue-table.ts';

interface Flags extends FormatFlags {
  readonly quiet?: true;
}

/** Images that no one has to download, and how they are used. */
const LOCAL: ReadonlyMap<string, string> = new Map([
  ['micro', 'micro is built on this host at its first use: vmlet run micro'],
  ['host', 'host is the system of this host: vmlet run host -- COMMAND'],
]);

/** `vmlet search` and `vmlet image search`. */
export function searchCommand(): Command {
  const command = new Command('search')
    .summary('search for images to download')
    .description(
      'Lists the images that can be pulled by name. They come from vmlet’s catalogue, and from your own catalogue: ' +
        'vmlet/images.yaml in $XDG_CONFIG_HOME (default: ~/.config). With TERM, lists only images whose name, alias or ' +
        'description contains TERM. Needs no network.',
    )
    .argument('[term]', 'text to search for, such as debian (default: list all images)')
    .option('-q, --quiet', 'print only names');
  return addFormatOptions(command, '{{.Reference}} {{.Verification}}').action(search);
}

async function search(term: string | undefined, flags: Flags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const rows = await (term === undefined ? store.catalogue() : store.search(term));
  if (printRecords(flags, 'images', rows)) return;
  if (rows.length > 0) process.stdout.write(catalogueTable(rows, flags));
  else
    note(
      LOCAL.get(term?.toLowerCase() ?? '') ??
        `no image matches "${term ?? ''}"; to list all images: vmlet search`,
    );
}
