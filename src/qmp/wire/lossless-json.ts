import { randomUUID } from 'node:crypto';
import { InvalidInputError } from '../../errors/index.ts';
import { isWellFormed } from '../../util/options/well-formed.ts';

/** A JSON object whose values are not checked. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * QEMU's integers have 64 bits, JavaScript's numbers hold 53. Integers that a number cannot hold are read as
 * bigint, and bigints are written as plain digits. In Node 20, revivers do not get the source text, so such
 * integers pass through JSON.parse and JSON.stringify as strings with an unguessable prefix.
 */
const mark = `${randomUUID()}:`;
const number = /-?\d[\d.eE+-]*/g;
const longInteger = /^-?\d{16,}$/;
const markedInteger = new RegExp(`"${mark}(-?\\d+)"`, 'g');

/** @throws SyntaxError like JSON.parse. */
export function parseLossless(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!/\d{16}/.test(text)) return value;
  const marked = markLongIntegers(text);
  // Nearly always. A function for each value makes it several times as slow.
  if (marked === text) return value;
  return JSON.parse(marked, (_, part: unknown) =>
    typeof part === 'string' && part.startsWith(mark) ? BigInt(part.slice(mark.length)) : part,
  );
}

/** A regular expression for a whole string would need too much stack for one of some megabytes. */
function markLongIntegers(text: string): string {
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('"', at);
    const end = open === -1 ? text.length : open;
    parts.push(
      text
        .slice(at, end)
        .replace(number, (token) =>
          longInteger.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token,
        ),
    );
    at = open === -1 ? end : endOfString(text, open);
    parts.push(text.slice(end, at));
  }
  return parts.join('');
}

/** Returns the index after the string of valid JSON that begins with this quote. */
function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - backslashes - 1] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/**
 * Returns JSON text that QEMU can parse and answer. A string with a lone surrogate would cause an error reply
 * without an ID, NaN would silently become null, and a function would be dropped: all are rejected, as are
 * bigints beyond 64 bits.
 * @throws InvalidInputError naming the place; also for values that are not an object, and for cycles.
 */
export function stringifyLossless(value: JsonObject, field: string): string {
  const text = stringifyObject(value, field, (name, part) => {
    if (typeof part === 'function' || typeof part === 'symbol') {
      throw new InvalidInputError(
        field,
        `the arguments contain a ${typeof part}${name && ` at ${name}`}, which JSON cannot represent`,
      );
    }
    return typeof part === 'bigint' ? `${mark}${part}` : part;
  });
  // The text of invalid arguments contains one of these, so that most valid ones are not traversed twice.
  if ([mark, '\\ud', 'null'].some((part) => text.includes(part))) checkEncodable(value, field);
  return text.replaceAll(markedInteger, '$1');
}

/** @throws InvalidInputError */
function stringifyObject(
  value: JsonObject,
  field: string,
  replace: (name: string, part: unknown) => unknown,
): string {
  let text: unknown;
  try {
    text = JSON.stringify(value, replace);
  } catch (error) {
    // JSON.stringify throws a TypeError for a cycle.
    if (!(error instanceof TypeError)) throw error;
    throw new InvalidInputError(
      field,
      'the arguments cannot be converted to JSON, for example because an object contains itself',
      { cause: error },
    );
  }
  if (typeof text === 'string' && text.startsWith('{')) return text;
  throw new InvalidInputError(field, 'the arguments must be an object', {
    hint: 'pass arguments by name, as in { device: "disk0" }',
  });
}

/** Formats JSON for people and scripts, with integers of any size as digits. */
export function formatLossless(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_, part: unknown) => (typeof part === 'bigint' ? `${mark}${part}` : part),
    indent,
  );
  return text.replaceAll(markedInteger, '$1');
}

const int64Minimum = -(2n ** 63n);
const uint64Maximum = 2n ** 64n - 1n;

function checkEncodable(value: unknown, field: string): void {
  if (typeof value === 'string' && !isWellFormed(value)) {
    throw new InvalidInputError(field, 'contains an unpaired surrogate, which is not valid Unicode');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new InvalidInputError(field, `JSON cannot represent ${value}`);
  }
  if (typeof value === 'bigint' && (value < int64Minimum || value > uint64Maximum)) {
    throw new InvalidInputError(field, `${value.toString()} does not fit into 64 bits`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    if (!isWellFormed(name)) throw new InvalidInputError(field, 'contains a key that is not valid Unicode');
    checkEncodable(part, `${field}.${name}`);
  }
}
