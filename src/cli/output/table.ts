import { textWidth, visibleText } from './text-width.ts';

export interface TableOptions {
  /** The columns with numbers, from 0, which are aligned at their end. */
  readonly numbers?: readonly number[];
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
  { numbers = [] }: TableOptions = {},
): string[] {
  const cells = rows.map((row) => row.map(visibleText));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => textWidth(row[column] ?? ''))),
  );
  return cells.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(cell)));
        return numbers.includes(column) ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd(),
  );
}
