import type { Command } from 'commander';
import { InvalidInputError, VmletError } from '../../errors/index.ts';
import { reportError } from './report-error.ts';
import { table } from './table.ts';
import { visibleText } from './printable.ts';
import { printJson } from './say.ts';

/** Flags for machine-readable output. */
export interface FormatFlags {
  readonly json?: true;
  readonly format?: string;
}

/** @param example a template with fields of the records. */
export function addFormatOptions(command: Command, example: string): Command {
  return command
    .option('--json', 'print JSON')
    .option(
      '--format <format>',
      `output format: json, or a text with fields for each entry, such as '${example}'`,
    );
}

/**
 * Prints records in the requested machine-readable format.
 * @param name JSON field for the records.
 * @param besides more JSON fields.
 * @returns false if no format was requested.
 * @throws InvalidInputError for an invalid template or an unknown field.
 */
export function printRecords(
  { json, format }: FormatFlags,
  name: string,
  records: readonly object[],
  besides: object = {},
): boolean {
  if (json === true || format === 'json') {
    printJson({ version: 1, [name]: records, ...besides });
    return true;
  }
  if (format === undefined) return false;
  process.stdout.write(formatRecords(format, records));
  return true;
}

/**
 * Prints what is found of each name, as JSON or in the requested format, and reports the other names, as podman does.
 * @throws what `inspect` throws, for the only name.
 */
export function printEach(
  names: readonly string[],
  inspect: (name: string) => object,
  flags: FormatFlags,
  field: string,
): void {
  const found: object[] = [];
  for (const name of names) {
    try {
      found.push(inspect(name));
    } catch (error) {
      if (names.length === 1 || !(error instanceof VmletError)) throw error;
      process.exitCode = reportError(error);
    }
  }
  if (found.length > 0) printRecords({ format: 'json', ...flags }, field, found);
}

/** The simplest of podman's templates: text with `{{.Field}}`, `{{.Field.Field}}` and `{{json .Field}}`. */
type Part = { readonly text: string } | { readonly path: readonly string[]; readonly asJson: boolean };

const PLACEHOLDER = /\{\{\s*(json\s+)?\.([\w.-]*)\s*\}\}/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\t': '\t', '\\n': '\n', '\\\\': '\\' };
const TABLE = /^table\s+/;

/**
 * Formats a line for each record. `table ` before the template makes the fields columns, as in podman.
 * @param complete the records that decide which fields exist; by default all.
 * @throws InvalidInputError for an invalid template or an unknown field.
 */
export function formatRecords(
  template: string,
  records: readonly object[],
  complete: readonly object[] = records,
): string {
  const isTable = TABLE.test(template);
  const parts = parseTemplate(template.replace(TABLE, ''));
  for (const part of parts) if ('path' in part) requireField(part.path, complete);
  if (!isTable)
    return records.map((record) => `${parts.map((part) => render(part, record)).join('')}\n`).join('');
  const columns = parts.filter((part) => 'path' in part);
  const heading = columns.map(({ path }) => path.join('.').toUpperCase());
  return table([heading, ...records.map((record) => columns.map((column) => render(column, record)))]);
}

function parseTemplate(template: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    parts.push({ text: unescaped(template.slice(end, match.index)) });
    const path = (match[2] ?? '').split('.').filter((name) => name !== '');
    parts.push({ path, asJson: match[1] !== undefined });
    end = match.index + match[0].length;
  }
  parts.push({ text: unescaped(template.slice(end)) });
  const stray = parts.find((part) => 'text' in part && /\{\{|\}\}/.test(part.text));
  if (stray !== undefined || parts.length === 1) {
    throw new InvalidInputError('--format', `invalid template ${JSON.stringify(template)}`, {
      hint: "use json, or text with fields such as '{{.Name}}', '{{.Spec.MemoryBytes}}' or '{{json .Ports}}'",
    });
  }
  return parts;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\[tn\\]/g, (escape) => ESCAPES[escape] ?? escape);
}

function render(part: Part, record: object): string {
  if ('text' in part) return part.text;
  const value = valueAt(record, part.path);
  if (part.asJson) return JSON.stringify(value ?? null);
  if (value === undefined || value === null) return '';
  return visibleText(typeof value === 'string' ? value : JSON.stringify(value));
}

/**
 * A field that only some records have is empty in the others: a stopped machine has no process. Fields of a value that
 * none of them has yet cannot be checked: the first reading of `stats` has no rates.
 */
function requireField(path: readonly string[], records: readonly object[]): void {
  for (const depth of path.keys()) {
    const above = records.map((record) => valueAt(record, path.slice(0, depth)));
    if (depth > 0 && above.every((value) => value === undefined || value === null)) return;
    const fields = new Set(above.flatMap((value) => fieldsOf(value).map(([field]) => field)));
    const name = path[depth] ?? '';
    if (records.length === 0 || [...fields].some((field) => isField(field, name))) continue;
    throw new InvalidInputError('--format', `no such field: .${path.join('.')}`, {
      hint:
        fields.size === 0
          ? `leave out .${name}: .${path.slice(0, depth).join('.')} has no fields`
          : `available fields: ${[...fields].join(', ')}`,
    });
  }
}

function valueAt(record: object, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => fieldsOf(value).find(([field]) => isField(field, name))?.[1],
    record,
  );
}

function fieldsOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** Maps `.Name` to `name`: podman's fields begin with capitals. */
function isField(field: string, name: string): boolean {
  return field.toLowerCase() === name.toLowerCase();
}
