import { type Colour, paint } from './colour.ts';
import { textWidth } from './text-width.ts';
import { visibleText } from './printable.ts';

export interface TableOptions {
  /** Indices of right-aligned columns, from 0. */
  readonly numbers?: readonly number[];
  /** Colour of a cell below the heading, if any. */
  readonly colourOf?: (cell: string, column: number) => Colour | undefined;
}

/** Formats rows as aligned columns; the first row is the heading. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  return tableLines(rows, options)
    .map((line) => `${line}\n`)
    .join('');
}

/** The same as an array of lines. */
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
