import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InvalidInputError, NetworkNotFoundError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { type NetworkMember, checkNames, joinedMembership } from '../../network/private/addresses.ts';
import type { Membership, WantedMembership } from '../../network/private/membership.ts';
import { networkFiles, readNetwork } from '../../network/private/network-shelf.ts';
import { reloadSwitch } from '../../network/private/switch-client.ts';
import { formatSwitchTable } from '../../network/private/switch-table.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import { type MachineSpec, parseMachineSpec } from '../spec/machine-spec.ts';
import { machineNames } from './definition.ts';
import { type MachineFiles, definitionFiles } from './machine-files.ts';

/** The directories in which machines and networks are. */
export type Places = Pick<Locations, 'machines' | 'networks'>;

/** Returns the directories in which a machine and its networks are. */
export function placesOf({ directory, networks }: Pick<MachineFiles, 'directory' | 'networks'>): Places {
  return { machines: dirname(directory), networks };
}

/**
 * Returns the members of a network, by name: the machines whose definitions list it. So a machine and its memberships
 * are created, renamed and removed in one step.
 */
export function membersOf(places: Places, network: string): NetworkMember[] {
  return machineNames(places).flatMap((name) =>
    membershipsIn(places, name)
      .filter((membership) => membership.network === network)
      .map((membership) => ({ ...membership, name })),
  );
}

/** A machine with an invalid definition has none: it cannot be started. */
function membershipsIn({ machines }: Places, name: string): readonly Membership[] {
  const { spec: path } = definitionFiles(join(machines, name));
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  if (text === undefined) return [];
  try {
    return parseMachineSpec(text, path).networks ?? [];
  } catch (error) {
    if (error instanceof InvalidInputError) return [];
    throw error;
  }
}

/**
 * Gives a machine its addresses in networks. The caller holds the networks' lock until the machine's definition has them.
 * @param earlier its present memberships, whose addresses it keeps.
 * @throws NetworkNotFoundError, InvalidInputError
 */
export function joinNetworks(
  places: Places,
  name: string,
  wanted: readonly WantedMembership[],
  earlier: readonly Membership[] = [],
): Membership[] {
  return wanted.map((one) => {
    const record = readNetwork(places.networks, one.network);
    const others = membersOf(places, one.network).filter((member) => member.name !== name);
    const before = earlier.find(({ network }) => network === one.network);
    return joinedMembership(record, others, { name, wanted: one, earlier: before });
  });
}

/**
 * Tells the switches of networks who their members are; a network that was removed has no switch. The caller holds the
 * networks' lock.
 */
export async function publishNetworks(places: Places, networks: readonly string[]): Promise<void> {
  for (const network of new Set(networks)) {
    try {
      const record = readNetwork(places.networks, network);
      const files = networkFiles(places.networks, network);
      exchangeFile(files.table, formatSwitchTable(record, membersOf(places, network)));
      await reloadSwitch({ network, files });
    } catch (error) {
      if (!(error instanceof NetworkNotFoundError)) throw error;
    }
  }
}

/** @throws InvalidInputError when another member of a network has the machine's new name. */
export function checkNewName(places: Places, { name, networks = [] }: MachineSpec, newName: string): void {
  for (const { network } of networks) {
    const others = membersOf(places, network).filter((member) => member.name !== name);
    checkNames({ name: network }, others, [newName]);
  }
}

/** Returns the names of a machine's networks. */
export function networksOf({ networks = [] }: Pick<MachineSpec, 'networks'>): string[] {
  return networks.map(({ network }) => network);
}
