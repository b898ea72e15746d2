import type { WriteStream } from 'node:tty';
import { type TableOptions, table, tableLines } from './table.ts';
import { visibleJson } from './printable.ts';
import { clipText } from './text-width.ts';

const TERMINAL_OF_UNKNOWN_SIZE = { columns: 80, rows: 24 };

/** Renders a reading as rows of a table or as JSON records. */
export interface Reading {
  readonly rows: readonly (readonly string[])[];
  readonly records: readonly unknown[];
}

export interface RefreshOptions extends TableOptions {
  /** Print records instead of a table. */
  readonly json?: boolean | undefined;
}

type Output = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

/** Prints readings as a table, overwritten in place on a terminal, or as a JSON line for each record. */
export class RefreshingTable {
  readonly #output: Output;
  readonly #options: RefreshOptions;
  readonly #inPlace: boolean;
  #linesShown = 0;

  constructor(options: RefreshOptions = {}, output: Output = process.stdout) {
    this.#output = output;
    this.#options = options;
    this.#inPlace = output.isTTY === true && process.env['TERM'] !== 'dumb';
  }

  show({ rows, records }: Reading): void {
    if (this.#options.json === true) {
      for (const record of records) this.#output.write(`${visibleJson(JSON.stringify(record))}\n`);
      return;
    }
    if (!this.#inPlace) {
      this.#output.write(table(rows, this.#options));
      return;
    }
    const size = { ...TERMINAL_OF_UNKNOWN_SIZE, ...known(this.#output) };
    // The cursor cannot move up to a line that has scrolled away, or across a wrapped line.
    const lines = tableLines(rows, this.#options)
      .slice(0, Math.max(1, size.rows - 1))
      .map((line) => clipText(line, size.columns));
    const up = this.#linesShown > 0 ? `\x1b[${this.#linesShown}A\r` : '';
    // A single write, so that no incomplete table is shown.
    this.#output.write(`${up}\x1b[J${lines.map((line) => `${line}\n`).join('')}`);
    this.#linesShown = lines.length;
  }
}

/** Some terminals report zero columns. */
function known({ columns, rows }: Output): { columns?: number; rows?: number } {
  return { ...(columns && { columns }), ...(rows && { rows }) };
}
