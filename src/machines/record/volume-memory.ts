import { InvalidInputError } from '../../errors/index.ts';
import type { Definition } from './definition.ts';
import { volumesInUse } from './volumes-in-use.ts';

/**
 * A guest's memory has parts of its volumes' file systems, and does not fit once another machine has changed them.
 * @throws InvalidInputError for a machine with volumes.
 */
export function refuseVolumesInMemory(definition: Definition, field: string, hint: string): void {
  const { name } = definition.spec;
  const [volume] = volumesInUse(definition);
  if (!volume) return;
  throw new InvalidInputError(
    field,
    `the memory of machine "${name}" cannot be saved: the machine mounts volume "${volume.name}", which other machines may change`,
    { hint },
  );
}
