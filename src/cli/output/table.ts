import { type Colour, paint } from './colour.ts';
import { textWidth } from './text-width.ts';
import { visibleText } from './printable.ts';

export interface TableOptions {
  /** The columns with numbers, from 0, which are aligned at their end. */
  readonly numbers?: readonly number[];
  /** The colour of a cell below the heading, where it has one. */
  readonly colourOf?: (cell: string, column: number) => Colour | undefined;
}

/** Columns under each other, for a terminal; the first row is the heading. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  return tableLines(rows, options)
    .map((line) => `${line}\n`)
    .join('');
}

/** The same, line by line. */
export function tableLines(
  rows: readonly (readonly string[])[],
  { numbers = [], colourOf }: TableOptions = {},
): string[] {
  const cells = rows.map((row) => row.map(visibleText));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => textWidth(row[column] ?? ''))),
  );
  return cells.map((row, at) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(cell)));
        const colour = at === 0 ? undefined : colourOf?.(cell, column);
        const painted = colour === undefined ? cell : paint(colour, cell);
        return numbers.includes(column) ? padding + painted : painted + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}
