import { BrokenMachineError, InvalidInputError, MachineNotFoundError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { machineNames, readSpec } from '../record/definition.ts';

/**
 * Rejects a MAC address that another machine of this user has on the same bridge. Other hosts of the bridge are not
 * known.
 * @throws InvalidInputError
 */
export function refuseTakenOnBridge(
  locations: Locations,
  { name, bridge, mac }: Pick<MachineSpec, 'name' | 'bridge' | 'mac'>,
): void {
  if (bridge === undefined) return;
  const owner = machineNames(locations)
    .filter((other) => other !== name)
    .find((other) => {
      const spec = findSpec(locations, other);
      return spec?.bridge === bridge && spec.mac === mac;
    });
  if (owner === undefined) return;
  throw new InvalidInputError('mac', `${mac} is taken by machine "${owner}" on bridge "${bridge}"`, {
    hint: 'choose another MAC address',
  });
}

/** A machine with an invalid definition cannot be started. */
function findSpec(locations: Locations, name: string): MachineSpec | undefined {
  try {
    return readSpec(locations, name).spec;
  } catch (error) {
    if (error instanceof BrokenMachineError || error instanceof MachineNotFoundError) return undefined;
    // A directory whose name no machine can have.
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}
