import type { CatalogueRow } from '../../index.ts';
import { table } from '../output/table.ts';

/** Images that can be pulled, for people or for programs. */
export function catalogueTable(
  rows: readonly CatalogueRow[],
  { quiet, json }: { readonly quiet?: true; readonly json?: true },
): string {
  if (json) return `${JSON.stringify({ version: 1, images: rows }, null, 2)}\n`;
  if (quiet) return rows.map(({ reference }) => `${reference}\n`).join('');
  const cells = rows.map(
    ({ reference, aliases, verification, architectures, description, own, unconfirmed }) => [
      reference,
      aliases.join(' '),
      verification,
      architectures.join(' '),
      // What no second source has confirmed may fail, and then it is good to have been told.
      `${description}${own ? ' (your own)' : ''}${unconfirmed.length > 0 ? `; unconfirmed: ${unconfirmed.join(', ')}` : ''}`,
    ],
  );
  return table([['NAME', 'ALIASES', 'VERIFIED', 'FOR', 'DESCRIPTION'], ...cells]);
}
