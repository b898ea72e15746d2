import { GuestFileError, NetworkNotFoundError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { hostsLines } from '../../network/private/addresses.ts';
import { type Places, membersOf } from '../../network/private/members.ts';
import { readNetwork } from '../../network/private/network-shelf.ts';
import { HostsFile } from './hosts-file.ts';
import { type NetworkLines, withNetworkNames, withNetworksOnly } from './hosts-text.ts';

/**
 * Writes the names of all members of a named machine's networks to its guest's hosts file, and removes those of networks
 * that it has left; cheap when the guest has them. A guest that cannot write the file keeps it, and can still be reached.
 */
export async function tellNames(
  agent: GuestAgent,
  places: Places,
  networks: readonly string[],
): Promise<void> {
  const hosts = new HostsFile(agent);
  let known = readLines(places, networks);
  let said: readonly NetworkLines[];
  try {
    do {
      said = known;
      await hosts.change((text) => withLines(text, said));
      // Another process may have written newer names, which this one has just replaced.
      known = readLines(places, networks);
    } while (JSON.stringify(known) !== JSON.stringify(said));
  } catch (error) {
    if (!(error instanceof GuestFileError)) throw error;
  }
}

/** Returns the lines of all members of networks; none for one that was removed by hand. */
export function readLines(places: Places, networks: readonly string[]): NetworkLines[] {
  return networks.flatMap((network) => {
    const lines = linesOf(places, network);
    return lines ? [{ network, lines }] : [];
  });
}

/** Returns the lines of all members; undefined if the network was removed by hand while the machine is running. */
export function linesOf(places: Places, network: string): string[] | undefined {
  try {
    return hostsLines(readNetwork(places.networks, network), membersOf(places, network));
  } catch (error) {
    if (error instanceof NetworkNotFoundError) return undefined;
    throw error;
  }
}

function withLines(text: string, networks: readonly NetworkLines[]): string {
  const only = withNetworksOnly(
    text,
    networks.map(({ network }) => network),
  );
  return networks.reduce((sum, { network, lines }) => withNetworkNames(sum, network, lines), only);
}
