import * as z from 'zod';

export const lineageSchema = z.strictObject({
  /** The snapshot that the disks continue from; missing when there is none, or it is not known. */
  current: z.string().optional(),
  snapshots: z.array(z.strictObject({ name: z.string(), parent: z.string().optional() })),
});

/**
 * Which snapshot a machine continued from when it took another: qcow2 does not record it. It may name snapshots that do
 * not exist, since the disks define which do; such a snapshot counts as removed.
 */
export type Lineage = Readonly<z.infer<typeof lineageSchema>>;

/** No parent is known. */
export const UNKNOWN_LINEAGE: Lineage = { snapshots: [] };

/** Returns the lineage after the machine took a snapshot, from which it continues. */
export function taken(lineage: Lineage, name: string): Lineage {
  const { snapshots, current } = removed(lineage, name);
  return { current: name, snapshots: [...snapshots, link(name, current)] };
}

/** Returns the lineage after the machine returned to a snapshot; undefined when it is not known to which. */
export function continued({ snapshots }: Lineage, name: string | undefined): Lineage {
  return { ...(name !== undefined && { current: name }), snapshots };
}

/** Returns the lineage without a snapshot, whose children become those of its parent. */
export function removed({ snapshots, current }: Lineage, name: string): Lineage {
  const parent = snapshots.find((one) => one.name === name)?.parent;
  const replaced = (one: string | undefined): string | undefined => (one === name ? parent : one);
  return continued(
    {
      snapshots: snapshots
        .filter((one) => one.name !== name)
        .map((one) => link(one.name, replaced(one.parent))),
    },
    replaced(current),
  );
}

/** Returns the lineage of the snapshots that exist, oldest record first. */
export function ofExisting(lineage: Lineage, existing: ReadonlySet<string>): Lineage {
  const gone = lineage.snapshots.filter(({ name }) => !existing.has(name));
  const { snapshots, current } = gone.reduce((left, { name }) => removed(left, name), lineage);
  const known = (name: string | undefined): string | undefined =>
    name !== undefined && existing.has(name) ? name : undefined;
  return continued(
    { snapshots: snapshots.map(({ name, parent }) => link(name, known(parent))) },
    known(current),
  );
}

function link(name: string, parent: string | undefined): Lineage['snapshots'][number] {
  return { name, ...(parent !== undefined && { parent }) };
}
