import type { Socket } from 'node:net';
import { InvalidInputError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { checkNames, freeName } from '../../network/private/addresses.ts';
import { addGuest } from '../../network/private/guests.ts';
import {
  type Places,
  joinNetworks,
  membersOf,
  publishDeparture,
  publishNetworks,
  writeSwitchTable,
} from '../../network/private/members.ts';
import type { Membership, WantedMembership } from '../../network/private/membership.ts';
import type { NetworkRecord } from '../../network/private/network-record.ts';
import {
  forgetInPartitions,
  networkFiles,
  readNetwork,
  withNetworksLock,
} from '../../network/private/network-shelf.ts';
import { networkLayers, plugArguments } from '../../network/switch/plug-argv.ts';
import { plugProgram } from '../../process/native/network-programs.ts';
import { identifyProcess } from '../../process/procfs/identity.ts';
import { requireProgram } from '../../process/program.ts';
import { Scope } from '../../util/scope.ts';
import type { HostsFile } from './hosts-file.ts';
import type { Joining, NetworkAttachment } from './attachment.ts';
import { CardPlug } from './card-plug.ts';
import { MemberCard } from './member-card.ts';
import { NamesFollower } from './names-follower.ts';
import { tellNetworks } from './tell-members.ts';

/** Directories and features of the host of a machine that joins. */
export interface JoinContext {
  readonly locations: Places;
  readonly host: Pick<Host, 'confinement'>;
  readonly signal: AbortSignal | undefined;
}

/** A private network of named machines, which a throw-away machine joins by its name. */
export class NamedNetwork {
  /** Its name, as in `lan`. */
  readonly name: string;

  /** @internal Made of `lan` or `lan:alias=…` in `networks`. */
  constructor(name: string) {
    this.name = name;
  }

  /**
   * @internal Reserves the machine's addresses until it leaves.
   * @throws NetworkNotFoundError, InvalidInputError for a name or an address that is taken.
   */
  async join(
    { name, isOwnName, wanted }: Joining,
    { locations, host, signal }: JoinContext,
  ): Promise<NetworkAttachment<NamedNetwork>> {
    requireProgram(plugProgram());
    const owner = identifyProcess(process.pid);
    if (!owner) {
      throw new InvalidInputError('networks', '/proc is required, but not mounted', { hint: 'mount /proc' });
    }
    return withNetworksLock(locations.networks, { signal }, async () => {
      const record = readNetwork(locations.networks, this.name);
      const members = membersOf(locations, this.name);
      const free = isOwnName ? name : freeName(name, members);
      checkNames(record, members, [free]);
      const [membership] = joinNetworks(locations, free, [wanted]) as [Membership];
      // Left by an earlier machine of this name that was killed.
      forgetInPartitions(locations.networks, [this.name], free);
      const forget = addGuest(locations.networks, { ...membership, name: free }, owner);
      try {
        await publishNetworks(locations, [this.name], { signal });
      } catch (error) {
        forget();
        writeSwitchTable(locations, this.name);
        throw error;
      }
      return new JoinedNetwork(this, record, {
        name: free,
        wanted,
        membership,
        locations,
        host,
        signal,
        forget,
      });
    });
  }
}

interface Place {
  readonly name: string;
  readonly wanted: WantedMembership;
  readonly membership: Membership;
  readonly locations: Places;
  readonly host: Pick<Host, 'confinement'>;
  readonly signal: AbortSignal | undefined;
  readonly forget: () => void;
}

/** A throw-away machine in a private network of named machines. */
class JoinedNetwork extends MemberCard implements NetworkAttachment<NamedNetwork> {
  readonly network: NamedNetwork;
  readonly #place: Place;
  readonly #plug: CardPlug;
  readonly #scope = new Scope();

  constructor(network: NamedNetwork, record: NetworkRecord, place: Place) {
    const { name, wanted, membership, locations, host } = place;
    super(record, { ...membership, name }, wanted);
    this.network = network;
    this.#place = place;
    const directory = networkFiles(locations.networks, network.name).switch;
    const plug = { directory, name, mac: this.mac };
    this.#plug = new CardPlug(plugArguments(plug, networkLayers(host.confinement)));
    this.#scope.defer(async () => this.#plug[Symbol.asyncDispose]());
  }

  async plugIn(connection: Socket): Promise<void> {
    await this.#plug.carry(connection);
  }

  async introduce(hosts: HostsFile | undefined): Promise<void> {
    const { locations, signal } = this.#place;
    const { name } = this.network;
    const follower = hosts && new NamesFollower(hosts, locations, name, this.#scope);
    await Promise.all([follower?.tell(), tellNetworks(locations, [name], signal)]);
  }

  async leave(): Promise<void> {
    const { locations, forget } = this.#place;
    await this.#scope.close();
    await withNetworksLock(locations.networks, {}, async () => {
      forget();
      forgetInPartitions(locations.networks, [this.network.name], this.name);
      await publishDeparture(locations, [this.network.name]);
    });
    await tellNetworks(locations, [this.network.name], undefined);
  }
}
