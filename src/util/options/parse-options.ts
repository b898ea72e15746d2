import { inspect } from 'node:util';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { issueWords } from './issue-words.ts';

/** @throws InvalidInputError for options that are not an object, as in `launch('micro')`. */
export function requireObject(options: unknown, name = 'options'): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new InvalidInputError(name, `${show(options)}: expected an object`);
}

/**
 * Validates options given by a caller. Undefined values count as not given.
 * @param name names the options as a whole in errors.
 * @throws InvalidInputError that names the field, its value and what was expected.
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: object,
  name = 'options',
): z.output<Schema> {
  requireObject(options, name);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse(given, { error: issueWords });
  if (parsed.success) return parsed.data;
  throw refusal(parsed.error, schema, given, name);
}

/** Without zod's error as its cause: test runners print all of that, and it says nothing more. */
function refusal(
  { issues: [issue] }: z.ZodError,
  schema: z.ZodType,
  given: object,
  name: string,
): InvalidInputError {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const known = optionsAt(schema, path);
    const field = issue.keys.map((key) => fieldOf([...path, key])).join(', ');
    return new InvalidInputError(field, 'unknown option', {
      ...(known && { hint: `known options: ${known.join(', ')}` }),
    });
  }
  const value = path.reduce<unknown>(memberOf, given);
  const problem = issue?.message ?? 'invalid value';
  return new InvalidInputError(
    fieldOf(path) || name,
    value === undefined || path.length === 0 ? problem : `${show(value)}: ${problem}`,
  );
}

/** As in `disks[0].cache`. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value)
    : inspect(value, { breakLength: Infinity, compact: true });
}

/** Undefined if the schema has no fixed options. */
function optionsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] | undefined {
  let inner: unknown = schema;
  for (const key of [...path, undefined]) {
    while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap();
    if (key === undefined) break;
    if (inner instanceof z.ZodArray) inner = inner.element;
    else if (inner instanceof z.ZodObject) inner = memberOf(inner.shape, key);
    else return undefined;
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : undefined;
}
