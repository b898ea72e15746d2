import { BrokenMachineError, InvalidInputError, MachineNotFoundError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { type WithBridges, bridgeCards } from '../spec/bridge-cards.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { machineNames, readSpec } from '../record/definition.ts';

/**
 * Rejects a MAC address that another machine of this user has on the same bridge. Other hosts of the bridge are not
 * known.
 * @throws InvalidInputError
 */
export function refuseTakenOnBridge(
  locations: Locations,
  machine: WithBridges<string | undefined> & Pick<MachineSpec, 'name'>,
): void {
  const cards = bridgeCards(machine).filter(({ mac }) => mac !== undefined);
  if (cards.length === 0) return;
  for (const owner of machineNames(locations).filter((other) => other !== machine.name)) {
    const spec = findSpec(locations, owner);
    const others = spec ? bridgeCards(spec) : [];
    const taken = cards.find(({ bridge, mac }) =>
      others.some((other) => other.bridge === bridge && other.mac === mac),
    );
    if (!taken) continue;
    throw new InvalidInputError(
      taken.number === 0 ? 'mac' : 'net',
      `${taken.mac ?? ''} is taken by machine "${owner}" on bridge "${taken.bridge}"`,
      { hint: 'choose another MAC address' },
    );
  }
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
