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

/** How a machine that ends with its launcher is connected to it. */
export const EMBEDDED_WIRING: Plan['wiring'] = {
  monitor: { kind: 'inherited', descriptor: MONITOR_DESCRIPTOR },
  agent: { kind: 'inherited', descriptor: AGENT_DESCRIPTOR },
  console: { kind: 'inherited', descriptor: CONSOLE_DESCRIPTOR },
  network: { descriptor: NETWORK_DESCRIPTOR },
  cards: 'inherited',
};

/**
 * Directories of its own, and those taken away that nobody owns any more.
 * @param storage an empty directory of the caller's for its disks; one that goes with the scope by default.
 */
export function claimMachineDirectory(
  locations: Locations,
  scope: Scope,
  storage?: string,
): MachineDirectory {
  sweepDeadOwners(locations.runtime);
  sweepDeadOwners(locations.scratch);
  return machineDirectory(
    claimDirectory(locations.runtime, scope),
    storage ?? claimDirectory(locations.scratch, scope),
  );
}
