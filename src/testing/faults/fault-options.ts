import type * as z from 'zod';
import { InvalidInputError } from '../../errors.ts';

/** @throws InvalidInputError that names the option, what it held and what would be right. */
export function parseFaultOptions<Schema extends z.ZodObject>(
  schema: Schema,
  options: object,
): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new InvalidInputError(issue.keys.join(', '), 'is not an option of this fault', {
      hint: `known options: ${Object.keys(schema.shape).join(', ')}`,
    });
  }
  const path = issue?.path ?? [];
  const value = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown>)[key], given);
  throw new InvalidInputError(
    path.join('.') || 'options',
    `${typeof value === 'number' ? value : JSON.stringify(value)}: ${issue?.message ?? 'is not valid'}`,
    { cause: parsed.error },
  );
}
