import { InvalidInputError } from '../../errors/index.ts';
import type { MachineSpec } from './machine-spec.ts';

/**
 * Refuses the verb for a machine of `run -d --rm`: its state would be removed with it.
 * @param inability in the error, as in "be saved".
 * @param hint advice that follows the error.
 * @throws InvalidInputError
 */
export function refuseRemovedAfterCommand(
  { name, command }: Pick<MachineSpec, 'name' | 'command'>,
  inability: string,
  hint: string,
): void {
  if (command?.remove !== true) return;
  throw new InvalidInputError(
    'machine',
    `"${name}" cannot ${inability}: it was created with --rm, which removes it as soon as it ends`,
    { hint },
  );
}
