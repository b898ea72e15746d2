import type { CatalogueRow } from '../../index.ts';
import { table } from '../output/table.ts';

/** Table of images that can be pulled. */
export function catalogueTable(rows: readonly CatalogueRow[], { quiet }: { readonly quiet?: true }): string {
  if (quiet) return rows.map(({ reference }) => `${reference}\n`).join('');
  const cells = rows.map(
    ({ reference, aliases, verification, architectures, description, own, unconfirmed }) => [
      reference,
      aliases.join(' '),
      verification,
      architectures.join(' '),
      // An entry that no second source has confirmed may fail to download.
      `${description}${own ? ' (your own)' : ''}${unconfirmed.length > 0 ? `; catalogue data that may be wrong: ${unconfirmed.join(', ')}` : ''}`,
    ],
  );
  return table([['NAME', 'ALIASES', 'VERIFIED', 'FOR', 'DESCRIPTION'], ...cells]);
}
