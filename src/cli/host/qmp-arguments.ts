import {
  InvalidInputError,
  type JsonObject,
  type QmpSchema,
  argumentTypeOf,
  membersOf,
  parseLossless,
} from '../../qmp/index.ts';

export interface Request {
  readonly command: string;
  readonly args: JsonObject;
}

/**
 * Parses `command key=value nested.key=value`, `command {"key": …}` or `{"execute": …, "arguments": …}`.
 * @throws InvalidInputError.
 */
export function parseRequestLine(line: string, schema: QmpSchema): Request {
  if (line.startsWith('{')) return parseRawRequest(line);
  const [command = '', ...words] = splitWords(line);
  return { command, args: parseArguments(command, words, schema) };
}

/** @throws InvalidInputError for a word that is neither `key=value` nor a JSON object. */
export function parseArguments(command: string, words: readonly string[], schema: QmpSchema): JsonObject {
  const args: Record<string, unknown> = {};
  for (const word of words) {
    if (word.startsWith('{')) {
      Object.assign(args, parseJson(word, command));
      continue;
    }
    const equals = word.indexOf('=');
    if (equals < 1) throw new InvalidInputError(command, `expected key=value or a JSON object, got ${word}`);
    const path = word.slice(0, equals).split('.');
    const type = typeAt(schema, argumentTypeOf(schema, command), path);
    place(args, path, readValue(word.slice(equals + 1), type, schema), command);
  }
  return args;
}

/** Type of the member at a path; undefined if the schema does not have it. */
export function typeAt(
  schema: QmpSchema,
  root: string | undefined,
  path: readonly string[],
): string | undefined {
  return path.reduce<string | undefined>(
    (type, name) => (type === undefined ? undefined : membersOf(schema, type).get(name)),
    root,
  );
}

function parseRawRequest(line: string): Request {
  const { execute, arguments: args } = parseJson(line, 'request');
  if (typeof execute !== 'string') {
    throw new InvalidInputError(
      'request',
      'expected a QMP command in the key "execute", as in {"execute": "query-status"}',
    );
  }
  return { command: execute, args: (args ?? {}) as JsonObject };
}

function parseJson(text: string, field: string): JsonObject {
  try {
    return parseLossless(text) as JsonObject;
  } catch (error) {
    throw new InvalidInputError(field, `${text} is not JSON`, { cause: error });
  }
}

/** Converts a value to its type in the schema. If the schema allows several, the text is JSON or else a string. */
function readValue(text: string, type: string | undefined, schema: QmpSchema): unknown {
  const entry = type === undefined ? undefined : schema.type(type);
  switch (entry?.['meta-type']) {
    case 'enum':
      return text;
    case 'builtin':
      if (entry['json-type'] === 'string') return text;
      if (entry['json-type'] === 'boolean' && /^(on|yes)$/.test(text)) return true;
      if (entry['json-type'] === 'boolean' && /^(off|no)$/.test(text)) return false;
      return jsonOrString(text);
    case 'alternate':
      return /^[[{]/.test(text) ? jsonOrString(text) : text;
    default:
      return jsonOrString(text);
  }
}

function jsonOrString(text: string): unknown {
  try {
    return parseLossless(text);
  } catch {
    // QEMU validates plain words.
    return text;
  }
}

function place(
  target: Record<string, unknown>,
  path: readonly string[],
  value: unknown,
  command: string,
): void {
  const [name = '', ...rest] = path;
  if (name === '' || name === '__proto__') {
    throw new InvalidInputError(command, `invalid argument name: ${path.join('.')}`);
  }
  if (rest.length === 0) {
    target[name] = value;
    return;
  }
  const inner: unknown = (target[name] ??= {});
  if (typeof inner !== 'object' || inner === null) {
    throw new InvalidInputError(
      command,
      `argument ${name} already has a value, so ${path.join('.')} cannot be set`,
    );
  }
  place(inner as Record<string, unknown>, rest, value, command);
}

/** Splits a line at spaces. Quotes group words; braces and brackets group JSON, including its quotes. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote !== '') {
      const ends = character === quote;
      if (ends) quote = '';
      if (!ends || depth > 0) word = (word ?? '') + character;
      if (depth > 0 && character === '\\') word = (word ?? '') + line.charAt(++at);
    } else if (character === '"' || (character === "'" && depth === 0)) {
      quote = character;
      word ??= '';
      if (depth > 0) word += character;
    } else if (/\s/.test(character) && depth === 0) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      // A brace starts JSON only at the start of a word or value.
      if (/[[{]/.test(character) && (depth > 0 || word === undefined || word.endsWith('='))) depth++;
      else if (depth > 0 && /[\]}]/.test(character)) depth--;
      word = (word ?? '') + character;
    }
  }
  if (quote !== '' || depth > 0)
    throw new InvalidInputError('request', `a quotation mark, brace or bracket is not closed: ${line}`);
  if (word !== undefined) words.push(word);
  return words;
}
