import type { Scope } from '../../util/scope.ts';
import {
  AGENT_DESCRIPTOR,
  CONSOLE_DESCRIPTOR,
  MONITOR_DESCRIPTOR,
  NETWORK_DESCRIPTOR,
} from '../plan/descriptors.ts';
import { type MachineDirectory, machineDirectory } from '../paths/directory.ts';
import type { Locations } from '../paths/locations.ts';
import type { Plan } from '../plan/plan.ts';
import { claimDirectory, sweepDeadOwners } from '../paths/runtime-directory.ts';

/** Connections of a machine that ends with its launcher. */
export const EMBEDDED_WIRING: Plan['wiring'] = {
  monitor: { kind: 'inherited', descriptor: MONITOR_DESCRIPTOR },
  agent: { kind: 'inherited', descriptor: AGENT_DESCRIPTOR },
  console: { kind: 'inherited', descriptor: CONSOLE_DESCRIPTOR },
  network: { descriptor: NETWORK_DESCRIPTOR },
  // An inherited connection cannot be made again after the switch or the plug at its other end was killed.
  cards: 'listens',
};

/**
 * Claims directories for a machine, and removes those whose owners are dead.
 * @param storage an empty directory of the caller for the disks; by default one that is removed with the
 * scope.
 */
export function claimMachineDirectory(
  locations: Locations,
  scope: Scope,
  storage?: string,
): MachineDirectory {
  sweepDeadOwners(locations.runtime);
  sweepDeadOwners(locations.sharedMemory);
  sweepDeadOwners(locations.scratch);
  return machineDirectory(
    claimDirectory(locations.runtime, scope),
    storage ?? claimDirectory(locations.scratch, scope),
  );
}
