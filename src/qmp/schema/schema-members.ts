import type { QmpSchema } from './qmp-schema.ts';

/**
 * Returns the possible members of an object type, with their types: its own, those of every variant, and
 * those of the objects in an alternate. Empty for any other type.
 */
export function membersOf(schema: QmpSchema, type: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  collect(schema, type, found, new Set());
  return found;
}

/** Returns the argument type of a command, or undefined for an unknown command. */
export function argumentTypeOf(schema: QmpSchema, command: string): string | undefined {
  return schema.commands.find(({ name }) => name === command)?.['arg-type'];
}

function collect(schema: QmpSchema, type: string, found: Map<string, string>, seen: Set<string>): void {
  if (seen.has(type)) return;
  seen.add(type);
  const entry = schema.type(type);
  if (entry['meta-type'] === 'alternate') {
    for (const member of entry.members) collect(schema, member.type, found, seen);
  }
  if (entry['meta-type'] !== 'object') return;
  for (const member of entry.members) if (!found.has(member.name)) found.set(member.name, member.type);
  for (const variant of entry.variants ?? []) collect(schema, variant.type, found, seen);
}
