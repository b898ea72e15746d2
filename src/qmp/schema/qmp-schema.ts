import * as z from 'zod';

/**
 * An entry of the reply of query-qmp-schema (qapi/introspect.json). Members added by newer QEMU versions are ignored. Made
 * at its first use: launches load this file, but ask for no schema.
 */
const entry = z.lazy(() => {
  const features = z.array(z.string()).default([]);
  const member = z.object({ name: z.string(), type: z.string(), default: z.null().optional(), features });
  return z.discriminatedUnion('meta-type', [
    z.object({ 'meta-type': z.literal('builtin'), name: z.string(), 'json-type': z.string() }),
    z.object({
      'meta-type': z.literal('enum'),
      name: z.string(),
      /** Superseded by members in QEMU 6.2, still sent. */
      values: z.array(z.string()).optional(),
      members: z.array(z.object({ name: z.string(), features })).optional(),
    }),
    z.object({ 'meta-type': z.literal('array'), name: z.string(), 'element-type': z.string() }),
    z.object({
      'meta-type': z.literal('object'),
      name: z.string(),
      members: z.array(member),
      tag: z.string().optional(),
      variants: z.array(z.object({ case: z.string(), type: z.string() })).optional(),
      features,
    }),
    z.object({
      'meta-type': z.literal('alternate'),
      name: z.string(),
      members: z.array(z.object({ type: z.string() })),
    }),
    z.object({
      'meta-type': z.literal('command'),
      name: z.string(),
      'arg-type': z.string(),
      'ret-type': z.string(),
      'allow-oob': z.boolean().default(false),
      features,
    }),
    z.object({ 'meta-type': z.literal('event'), name: z.string(), 'arg-type': z.string(), features }),
  ]);
});

export type SchemaEntry = z.infer<typeof entry>;
export type SchemaKind = SchemaEntry['meta-type'];
export type EntryOf<Kind extends SchemaKind> = Extract<SchemaEntry, { 'meta-type': Kind }>;
export type ObjectEntry = EntryOf<'object'>;

/** Types by the numbers with which QEMU masks their names; commands and events by their real names. */
export class QmpSchema {
  readonly #types = new Map<string, SchemaEntry>();
  readonly commands: readonly EntryOf<'command'>[];
  readonly events: readonly EntryOf<'event'>[];

  /** @throws ZodError when `reply` is not a query-qmp-schema reply. */
  constructor(reply: unknown) {
    const entries = z.array(entry).parse(reply);
    const commands: EntryOf<'command'>[] = [];
    const events: EntryOf<'event'>[] = [];
    for (const one of entries) {
      if (one['meta-type'] === 'command') commands.push(one);
      else if (one['meta-type'] === 'event') events.push(one);
      else this.#types.set(one.name, one);
    }
    this.commands = commands.sort(byName);
    this.events = events.sort(byName);
  }

  /** @throws Error for an undefined name: the schema is then invalid. */
  type(name: string): SchemaEntry {
    const found = this.#types.get(name);
    if (!found) throw new Error(`QEMU's QMP schema does not define the type ${name}`);
    return found;
  }

  /** @throws Error when it is not an object type. */
  object(name: string): ObjectEntry {
    const found = this.type(name);
    if (found['meta-type'] !== 'object')
      throw new Error(`the type ${name} of QEMU's QMP schema is not an object`);
    return found;
  }
}

function byName(one: { name: string }, other: { name: string }): number {
  return one.name < other.name ? -1 : 1;
}

/** Returns the values of an enum. */
export function enumValues(type: EntryOf<'enum'>): readonly string[] {
  return type.members?.map((value) => value.name) ?? type.values ?? [];
}
