import type * as z from 'zod';

type Issue = z.core.$ZodRawIssue;

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * Returns one sentence for users on why a value was rejected: zod's own messages are for programmers. Pass it
 * to `safeParse` and the like, as in `schema.safeParse(data, { error: issueWords })`; a schema's own message
 * takes precedence.
 */
export function issueWords(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${choiceOf(issue.values.map(String))}`;
    case 'too_small':
      return boundOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return boundOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'not_multiple_of':
      return `expected a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
      return `unknown key: ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return alternativesOf(issue.errors);
    default:
      return 'invalid value';
  }
}

function boundOf(origin: string, bound: string, limit: number | bigint): string {
  if (origin !== 'string' && origin !== 'array') return `expected ${bound} ${limit}`;
  if (bound === 'at least' && Number(limit) === 1) return 'must not be empty';
  const unit = origin === 'string' ? 'characters' : 'entries';
  return `expected ${bound} ${limit} ${unit}`;
}

/** Combines the alternatives of a union, as in `expected a number or text`, if that says everything. */
function alternativesOf(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const prefix = 'expected ';
  const words = branches.map((issues) => (issues.length === 1 ? issues[0]?.message : undefined));
  const kinds = words.map((text) => (text?.startsWith(prefix) ? text.slice(prefix.length) : undefined));
  const known = kinds.filter((kind) => kind !== undefined);
  // A union with a discriminator has no alternatives for an unknown one.
  const isComplete = known.length > 0 && known.length === kinds.length;
  return isComplete ? `${prefix}${choiceOf([...new Set(known)])}` : 'invalid value';
}

/** Joins words: `a, b or c`. */
function choiceOf(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
