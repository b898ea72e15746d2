import { readFile } from 'node:fs/promises';
import type * as z from 'zod';
import type { ErrorDetails, VmletError } from '../../errors/index.ts';
import { issueWords } from '../options/issue-words.ts';
import { nearest } from '../options/nearest.ts';

/** Far more than a catalogue with thousands of entries. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Limits the aliases, because a few lines of YAML can expand to more than fits into memory. */
const MAX_ALIASES = 100;

/** Hints by the code of the error that prevents reading the file. */
const READ_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check the owner and the permissions of the file and of its directories',
  EISDIR: 'replace this directory with a file, or remove it',
};

/** With fewer valid keys, the hint for an unknown one lists them without a guess. */
const MANY_KEYS = 3;

/**
 * The error class for one kind of file. Lines are counted from 1; the field is as in `images.web:1.url`, and empty when
 * the problem is not in a field.
 */
export type FileErrorClass<FileError extends VmletError> = new (
  file: string,
  line: number,
  field: string,
  problem: string,
  details?: ErrorDetails,
) => FileError;

/** The part of the `yaml` package's Document that locates fields. */
interface Located {
  getIn(path: readonly unknown[], keepScalar: true): unknown;
  readonly contents: unknown;
}

/** A YAML file of the user, whose problems are reported with their line. */
export class YamlFile<FileError extends VmletError> {
  /**
   * Reads a file. An empty one has no fields.
   * @returns undefined when the file does not exist.
   * @throws FileError
   */
  static async read<FileError extends VmletError>(
    path: string,
    fileError: FileErrorClass<FileError>,
  ): Promise<YamlFile<FileError> | undefined> {
    const text = await readText(path, fileError);
    if (text === undefined) return undefined;
    // Loaded here because most runs of vmlet read no such file.
    const { parseDocument, LineCounter } = await import('yaml');
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
    const lineOf = (offset: number): number => lines.linePos(offset).line;
    const [mistake] = document.errors;
    if (mistake !== undefined) {
      const problem = (mistake.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
      throw new fileError(path, lineOf(mistake.pos[0]), '', `invalid YAML: ${problem}`, { cause: mistake });
    }
    try {
      const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
      return new YamlFile(path, fileError, data, (field) => lineAt(document, field, lineOf));
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      throw new fileError(path, 1, '', `unsupported YAML: ${error.message}`, { cause: error });
    }
  }

  readonly #path: string;
  readonly #fileError: FileErrorClass<FileError>;
  readonly #data: unknown;
  readonly #lineOfField: (field: readonly PropertyKey[]) => number;

  private constructor(
    path: string,
    fileError: FileErrorClass<FileError>,
    data: unknown,
    lineOfField: (field: readonly PropertyKey[]) => number,
  ) {
    this.#path = path;
    this.#fileError = fileError;
    this.#data = data;
    this.#lineOfField = lineOfField;
  }

  /**
   * Returns the contents.
   * @param knownKeys returns the valid keys of the object at a path.
   * @throws FileError
   */
  parse<Schema extends z.ZodType>(
    schema: Schema,
    knownKeys: (path: readonly PropertyKey[]) => readonly string[],
  ): z.infer<Schema> {
    const parsed = schema.safeParse(this.#data, { error: issueWords });
    if (parsed.success) return parsed.data;
    const { error } = parsed;
    // A missing field is most often a misspelt one.
    const misspelt = error.issues.find(({ code }) => code === 'unrecognized_keys');
    const issue = deepest(misspelt ?? error.issues[0]);
    if (issue.code === 'unrecognized_keys') {
      const [key = ''] = issue.keys;
      const hint = keyHint(key, knownKeys(issue.path));
      throw this.error([...issue.path, key], 'unknown key', { hint, cause: error });
    }
    const held = valueAt(this.#data, issue.path);
    throw this.error(issue.path, `${shown(held)}${issue.message}`, { cause: error });
  }

  /** Returns the error about a field. */
  error(field: readonly PropertyKey[], problem: string, details: ErrorDetails): FileError {
    return new this.#fileError(this.#path, this.#lineOfField(field), field.join('.'), problem, details);
  }
}

async function readText(path: string, fileError: FileErrorClass<VmletError>): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return undefined;
    const problem = /^[A-Z]+: ([^,]+), /.exec(error.message)?.[1] ?? error.message;
    throw new fileError(path, 1, '', `cannot read the file: ${problem}`, {
      hint: READ_HINTS[code] ?? 'check that this path is a file that you can read',
      cause: error,
    });
  }
  if (text.length <= MAX_BYTES) return text;
  throw new fileError(path, 1, '', `the file is too large: vmlet reads at most ${MAX_BYTES} bytes`, {
    hint: 'remove entries that you do not need',
  });
}

function keyHint(key: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  if (known.length < MANY_KEYS) return `use ${known.join(' or ')}`;
  return `did you mean ${nearest(key, known, 2).join(' or ')}? use one of ${known.join(', ')}`;
}

/** Returns the cause of an issue: for an invalid key of a record, zod nests it one level deeper. */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue {
  if (issue === undefined) throw new TypeError('a schema rejected a value without an issue');
  const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
  return inner === undefined ? issue : { ...inner, path: issue.path };
}

/** Returns a value as the beginning of a message. An object or a list may be too long for it. */
function shown(value: unknown): string {
  if (typeof value === 'object') return '';
  if (value === undefined) return 'missing: ';
  // JSON has no Infinity.
  return `${typeof value === 'number' ? value : JSON.stringify(value).slice(0, 200)}: `;
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
}

/** Returns the line of a field, or of the nearest parent in the file. */
function lineAt(
  document: Located,
  field: readonly PropertyKey[],
  lineOf: (offset: number) => number,
): number {
  for (let length = field.length; length > 0; length--) {
    const offset = keyOffset(document, field.slice(0, length));
    if (offset !== undefined) return lineOf(offset);
  }
  return 1;
}

/** Returns the offset of a mapping's key, since the value may begin on the next line. */
function keyOffset(document: Located, field: readonly PropertyKey[]): number | undefined {
  const parent = field.length === 1 ? document.contents : document.getIn(field.slice(0, -1), true);
  const last = field.at(-1);
  if (typeof parent !== 'object' || parent === null || !('items' in parent)) return undefined;
  for (const [index, item] of (parent.items as readonly unknown[]).entries()) {
    const node = (typeof last === 'number' ? (index === last ? item : undefined) : keyOf(item, last)) as
      { readonly range?: readonly number[] | null } | undefined;
    if (node?.range?.[0] !== undefined) return node.range[0];
  }
  return undefined;
}

function keyOf(item: unknown, name: PropertyKey | undefined): unknown {
  if (typeof item !== 'object' || item === null || !('key' in item)) return undefined;
  const { key } = item;
  return typeof key === 'object' && key !== null && 'value' in key && String(key.value) === name
    ? key
    : undefined;
}
