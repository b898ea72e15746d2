import * as z from 'zod';

/** As much of SchemaInfo as is looked at (QEMU, qapi/introspect.json); names of types are numbers. */
const schema = z.array(
  z.looseObject({
    name: z.string(),
    'arg-type': z.string().optional(),
    members: z.array(z.unknown()).optional(),
    variants: z.array(z.looseObject({ case: z.string(), type: z.string() })).optional(),
  }),
);

const memberSchema = z.looseObject({ name: z.string() });

/** What QEMU's commands take, in its own words: the answer to `query-qmp-schema`. */
export class QemuCommands {
  readonly #entities: ReadonlyMap<string, z.infer<typeof schema>[number]>;

  /** @param answer undefined for a QEMU that does not say; it has nothing then. @throws ZodError */
  constructor(answer: unknown) {
    this.#entities = new Map(schema.parse(answer ?? []).map((entity) => [entity.name, entity]));
  }

  /**
   * The names of a command's arguments; none where there is no such command.
   * @param variant those of this case beside, as of a type of netdev.
   */
  argumentsOf(command: string, variant?: string): string[] {
    const object = this.#entity(this.#entity(command)?.['arg-type']);
    const type = object?.variants?.find((one) => one.case === variant)?.type;
    return [object, this.#entity(type)].flatMap((entity) =>
      (entity?.members ?? []).flatMap((member) => {
        const parsed = memberSchema.safeParse(member);
        return parsed.success ? [parsed.data.name] : [];
      }),
    );
  }

  #entity(name: string | undefined): z.infer<typeof schema>[number] | undefined {
    return name === undefined ? undefined : this.#entities.get(name);
  }
}
