import {
  InvalidInputError,
  NetworkExistsError,
  NetworkInUseError,
  NetworkNotFoundError,
  SwitchRequestError,
  TimedOutError,
} from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { ownLocations } from '../../machine/paths/own-locations.ts';
import type { NetworkMember } from '../../machine/network/attachment.ts';
import { ipv6Of, isForMembers } from '../../network/private/addresses.ts';
import type { Membership } from '../../network/private/membership.ts';
import { checkGroups, checkMember } from '../../network/private/groups.ts';
import { type PrivateNetworkOptions, newNetwork } from '../../network/private/network-options.ts';
import { MOST_PARTITIONS, type NetworkRecord } from '../../network/private/network-record.ts';
import {
  type NetworkFiles,
  networkFiles,
  networkNames,
  readNetwork,
  readSoundNetworks,
  removeNetworkFiles,
  withNetworksLock,
  writeNetwork,
} from '../../network/private/network-shelf.ts';
import { type SwitchState, endSwitch, openCapture, readSwitch } from '../../network/private/switch-client.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { membersOf, networksOfMachine, publishNetworks } from '../../network/private/members.ts';
import type { MachineChangesOptions } from '../look/change-stream.ts';

/** A member of a private network of named machines. */
export interface PrivateNetworkMember
  extends Omit<NetworkMember, 'ipv6'>, Pick<Membership, 'latencyMs' | 'lossPpm' | 'bandwidth'> {
  /** As for `NetworkMember`; undefined if its IPv4 address is not in the subnet of a network that was created again. */
  readonly ipv6: string | undefined;
  /** Whether its card is plugged into the switch. */
  readonly plugged: boolean;
}

/** A private network of named machines. */
export interface PrivateNetwork extends Omit<NetworkRecord, 'version'> {
  readonly members: readonly PrivateNetworkMember[];
  /** Undefined while no member is running. */
  readonly switch: SwitchState | undefined;
  readonly files: NetworkFiles;
}

/** An entry of `vmlet network ls`: a network, or one whose record cannot be read. */
export type ListedNetwork = PrivateNetwork | { readonly name: string; readonly problem: string };

/** The private networks of one user, for named machines. */
export class NetworkStore {
  readonly #locations: Locations;

  /** @param environment the XDG variables; the process's own environment by default. */
  constructor(environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#locations = ownLocations(environment);
  }

  /** Returns the names of all networks, sorted. */
  names(): string[] {
    return networkNames(this.#locations.networks);
  }

  /**
   * Yields the names of networks that may have been created, changed or removed: first of all networks, then of those whose
   * files changed. Named machines that join or leave them change themselves: see `MachineStore.changes`.
   * @throws the signal's reason.
   */
  async *changes(options: MachineChangesOptions = {}): AsyncGenerator<readonly string[], void, undefined> {
    const { followNetworkChanges } = await import('../look/change-stream.ts');
    yield* followNetworkChanges(this.#locations, options);
  }

  /** Lists all networks by name, including those whose records cannot be read. */
  async list(limits: Limits = {}): Promise<ListedNetwork[]> {
    return Promise.all(
      this.names().map(async (name) =>
        this.get(name, limits).catch((error: unknown) => {
          const isOfNetwork = [
            InvalidInputError,
            SwitchRequestError,
            TimedOutError,
            NetworkNotFoundError,
          ].some((kind) => error instanceof kind);
          if (isOfNetwork) return { name, problem: (error as Error).message };
          throw error;
        }),
      ),
    );
  }

  /**
   * Returns a network with its members.
   * @throws NetworkNotFoundError, InvalidInputError for an invalid name or record, SwitchRequestError.
   */
  async get(name: string, limits: Limits = {}): Promise<PrivateNetwork> {
    const { version: _version, ...record } = readNetwork(this.#locations.networks, name);
    const files = networkFiles(this.#locations.networks, name);
    const running = await readSwitch({ network: name, files }, limits);
    const plugged = new Set(running?.ports.map(({ mac }) => mac));
    const members = membersOf(this.#locations, name).map((member) => ({
      name: member.name,
      alias: member.alias,
      address: member.address,
      ipv6: isForMembers(record, member.address) ? ipv6Of(record, member.address) : undefined,
      mac: member.mac,
      plugged: plugged.has(member.mac),
      latencyMs: member.latencyMs,
      lossPpm: member.lossPpm,
      bandwidth: member.bandwidth,
    }));
    return { ...record, members, switch: running, files };
  }

  /** Returns the network that `create` would make. @throws InvalidInputError, NetworkExistsError */
  check(options: PrivateNetworkOptions): NetworkRecord {
    const { networks } = this.#locations;
    const record = newNetwork(options, readSoundNetworks(networks));
    if (networkNames(networks).includes(record.name)) throw new NetworkExistsError(record.name);
    return record;
  }

  /**
   * Creates a network. Nothing runs until a member is started.
   * @throws InvalidInputError, NetworkExistsError, NoSpaceError, PermissionError, or the signal's reason.
   */
  async create(options: PrivateNetworkOptions, limits: Limits = {}): Promise<PrivateNetwork> {
    await withNetworksLock(this.#locations.networks, limits, () =>
      writeNetwork(this.#locations.networks, this.check(options)),
    );
    return this.get(options.name, limits);
  }

  /**
   * Removes a network that has no members.
   * @throws NetworkNotFoundError, NetworkInUseError
   */
  async remove(name: string, limits: Limits = {}): Promise<void> {
    const { networks } = this.#locations;
    await withNetworksLock(networks, limits, async () => {
      // Throws for an unknown name. A network with an invalid record can be removed.
      if (!networkNames(networks).includes(name)) readNetwork(networks, name);
      const users = membersOf(this.#locations, name).map((member) => member.name);
      if (users.length > 0) {
        // A throw-away machine cannot be disconnected.
        const named = users.find((user) => networksOfMachine(this.#locations, user).includes(name));
        throw new NetworkInUseError(name, users, {
          hint:
            named === undefined
              ? 'wait until the throw-away machines have ended, then try again'
              : `remove or disconnect the machines, for example: vmlet network disconnect ${name} ${named}`,
        });
      }
      await this.#endSwitch(name, limits);
      removeNetworkFiles(networks, name);
    });
  }

  /**
   * Drops all frames between different groups of members; adds to earlier partitions. Holds by name, until `heal`:
   * also after a restart; a renamed machine stays cut off, and one that is removed or leaves the network is forgotten.
   * @param groups at least two, each of names.
   * @throws InvalidInputError for a name that is no member or in two groups, NetworkNotFoundError, SwitchRequestError
   */
  async partition(name: string, groups: readonly (readonly string[])[], limits: Limits = {}): Promise<void> {
    await this.#change(name, limits, (record) => {
      checkGroups(groups, namesOf(membersOf(this.#locations, name)));
      if (record.partitions.length >= MOST_PARTITIONS) {
        throw new InvalidInputError(
          'groups',
          `network "${name}" already has the maximum of ${MOST_PARTITIONS} partitions`,
          {
            hint: `remove all partitions first: vmlet network heal ${name}`,
          },
        );
      }
      return { ...record, partitions: [...record.partitions, groups.map((group) => [...group])] };
    });
  }

  /** Removes all partitions. @throws NetworkNotFoundError, SwitchRequestError */
  async heal(name: string, limits: Limits = {}): Promise<void> {
    await this.#change(name, limits, (record) => ({ ...record, partitions: [] }));
  }

  /**
   * Returns the frames of a running network as a pcap file, which ends with the network's switch, or after a whole frame when
   * the signal aborts. Close it by ending the iteration.
   * @param member captures only the frames that it sends and is sent.
   * @throws NetworkNotFoundError, InvalidInputError when no member is running, SwitchRequestError
   */
  async capture(name: string, member?: string, limits: Limits = {}): Promise<AsyncIterable<Buffer>> {
    readNetwork(this.#locations.networks, name);
    const files = networkFiles(this.#locations.networks, name);
    if (member !== undefined) checkMember(member, namesOf(membersOf(this.#locations, name)), 'member');
    const frames = await openCapture({ network: name, files }, member, limits);
    if (frames) return frames;
    throw new InvalidInputError('network', `no machine of network "${name}" is running`, {
      hint: 'start a machine of this network first: vmlet start MACHINE',
    });
  }

  async #change(
    name: string,
    limits: Limits,
    change: (record: NetworkRecord) => NetworkRecord,
  ): Promise<void> {
    const { networks } = this.#locations;
    await withNetworksLock(networks, limits, async () => {
      writeNetwork(networks, change(readNetwork(networks, name)));
      await publishNetworks(this.#locations, [name]);
    });
  }

  async #endSwitch(network: string, limits: Limits): Promise<void> {
    const files = networkFiles(this.#locations.networks, network);
    try {
      await endSwitch({ network, files }, limits);
    } catch (error) {
      if (!(error instanceof SwitchRequestError) || error.reason !== 'in-use') throw error;
      const running = await readSwitch({ network, files }, limits).catch(() => undefined);
      const connected = running?.ports.map((port) => port.name) ?? [];
      throw new NetworkInUseError(network, connected.length > 0 ? connected : ['a running machine'], {
        hint: 'stop the machines that are still connected to this network, then try again',
        cause: error,
      });
    }
  }
}

function namesOf(members: readonly { readonly name: string }[]): string[] {
  return members.map(({ name }) => name);
}
