import { readFile } from 'node:fs/promises';
import type * as z from 'zod';
import { CatalogueFileError } from '../../errors/index.ts';
import { issueWords } from '../../util/issue-words.ts';
import { nearest } from '../../util/nearest.ts';
import { type CatalogueFile, catalogueFileSchema } from './schema.ts';

/** Far more than a catalogue with thousands of entries. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Limits the aliases, because a few lines of YAML can expand to more than fits into memory. */
const MAX_ALIASES = 100;

/** Hints by the code of the error that prevents reading the file. */
const READ_HINTS: Readonly<Record<string, string>> = {
  EACCES: 'check the owner and the permissions of the file and of its directories',
  EISDIR: 'replace this directory with a file, or remove it',
};

/** The part of the `yaml` package's Document that locates fields. */
interface Located {
  getIn(path: readonly unknown[], keepScalar: true): unknown;
  readonly contents: unknown;
}

type LineOf = (offset: number) => number;

/**
 * Reads a file of the catalogue.
 * @param otherKeys names of keys that it may use in addition to its own.
 * @returns undefined when the file does not exist.
 * @throws CatalogueFileError, with the line of the problem.
 */
export async function readCatalogueFile(
  path: string,
  otherKeys: readonly string[] = [],
): Promise<CatalogueFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT') return undefined;
    const problem = /^[A-Z]+: ([^,]+), /.exec(error.message)?.[1] ?? error.message;
    throw new CatalogueFileError(path, 1, '', `cannot read the file: ${problem}`, {
      hint: READ_HINTS[code] ?? 'check that this path is a file that you can read',
      cause: error,
    });
  }
  if (text.length > MAX_BYTES) {
    throw new CatalogueFileError(
      path,
      1,
      '',
      `the file is too large: vmlet reads at most ${MAX_BYTES} bytes`,
      {
        hint: 'remove entries that you do not need',
      },
    );
  }
  return parseCatalogueFile(text, path, otherKeys);
}

async function parseCatalogueFile(
  text: string,
  path: string,
  otherKeys: readonly string[],
): Promise<CatalogueFile> {
  // Loaded here because most runs of vmlet need no catalogue.
  const { parseDocument, LineCounter } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const lineOf: LineOf = (offset) => lines.linePos(offset).line;
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const problem = (mistake.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw new CatalogueFileError(path, lineOf(mistake.pos[0]), '', `invalid YAML: ${problem}`, {
      cause: mistake,
    });
  }
  let data: unknown;
  try {
    // An empty file is valid and adds nothing.
    data = (document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}) as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new CatalogueFileError(path, 1, '', `unsupported YAML: ${error.message}`, { cause: error });
  }
  const parsed = catalogueFileSchema.safeParse(data, { error: issueWords });
  if (!parsed.success)
    throw fileErrorOf(parsed.error, data, path, (field) => lineAt(document, field, lineOf));
  requireKeys(parsed.data, otherKeys, path, (field) => lineAt(document, field, lineOf));
  return parsed.data;
}

function requireKeys(
  { keys, images }: CatalogueFile,
  otherKeys: readonly string[],
  file: string,
  lineOfField: (field: readonly PropertyKey[]) => number,
): void {
  const known = [...Object.keys(keys), ...otherKeys];
  for (const [name, { signature }] of Object.entries(images)) {
    if (signature === undefined || known.includes(signature.key)) continue;
    const field = ['images', name, 'signature', 'key'];
    const problem = `no such signing key: ${signature.key}`;
    throw new CatalogueFileError(file, lineOfField(field), field.join('.'), problem, {
      hint: `define this signing key under "keys" in this file, or use one of ${known.join(', ')}`,
    });
  }
}

function fileErrorOf(
  error: z.ZodError,
  data: unknown,
  file: string,
  lineOfField: (field: readonly PropertyKey[]) => number,
): CatalogueFileError {
  // A missing field is most often a misspelt one.
  const misspelt = error.issues.find(({ code }) => code === 'unrecognized_keys');
  const issue = deepest(misspelt ?? error.issues[0]);
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const field = [...issue.path, key];
    const known = knownKeys(issue.path);
    return new CatalogueFileError(file, lineOfField(field), field.join('.'), 'unknown key', {
      hint:
        known.length === 0
          ? undefined
          : `did you mean ${nearest(key, known, 2).join(' or ')}? use one of ${known.join(', ')}`,
      cause: error,
    });
  }
  const held = valueAt(data, issue.path);
  const shown =
    typeof held === 'object'
      ? ''
      : `${held === undefined ? 'missing' : JSON.stringify(held).slice(0, 200)}: `;
  return new CatalogueFileError(
    file,
    lineOfField(issue.path),
    issue.path.join('.'),
    `${shown}${issue.message}`,
    {
      cause: error,
    },
  );
}

/** Returns the cause of an issue: for an invalid key of a record, zod nests it one level deeper. */
function deepest(issue: z.core.$ZodIssue | undefined): z.core.$ZodIssue {
  if (issue === undefined) throw new TypeError('a schema rejected a value without an issue');
  const [inner] = issue.code === 'invalid_key' ? issue.issues : [];
  return inner === undefined ? issue : { ...inner, path: issue.path };
}

/** The valid keys beside an unknown one. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(catalogueFileSchema.shape);
  const images = catalogueFileSchema.shape.images.unwrap().valueType;
  if (path[0] === 'images' && path.length === 2) return Object.keys(images.shape);
  if (path[0] === 'images' && path[2] === 'digest') return Object.keys(images.shape.digest.unwrap().shape);
  if (path[0] === 'images' && path[2] === 'index') return Object.keys(images.shape.index.unwrap().shape);
  if (path[0] === 'keys') return Object.keys(catalogueFileSchema.shape.keys.unwrap().valueType.shape);
  return [];
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
}

/** Returns the line of a field, or of the nearest parent in the file. */
function lineAt(document: Located, field: readonly PropertyKey[], lineOf: LineOf): number {
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
