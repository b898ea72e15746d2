import { MachineStateError } from '../../../errors/index.ts';
import { probeHost } from '../../../host/probe.ts';
import { tellMachines, tellNetworks } from '../../../machine/network/tell-members.ts';
import type { PrivateCardPlan } from '../../../machine/plan/named-plan.ts';
import type { Locations } from '../../../machine/paths/locations.ts';
import { freeCards, numberCards } from '../../../network/private/cards.ts';
import {
  joinNetworks,
  membersOf,
  publishDeparture,
  publishNetworks,
  writeSwitchTable,
} from '../../../network/private/members.ts';
import { type Membership, checkMemberships, parseMembership } from '../../../network/private/membership.ts';
import { forgetInPartitions, readNetwork, withNetworksLock } from '../../../network/private/network-shelf.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { refuseSaved, withLockedMachine, writeSpec } from '../../lock/edit.ts';
import { planPrivateCards } from '../../plan/machine-network.ts';
import type { Definition } from '../../record/definition.ts';
import { readStatus } from '../../record/machine-status.ts';
import { networksOf } from '../../record/network-members.ts';
import { checkCards } from '../../spec/network-cards.ts';
import { freeLiveCard, hasLiveCard, plugInCard, setUpCard, unplugCard } from './live-cards.ts';

type Abortable = Pick<Limits, 'signal'>;

/**
 * Connects a machine to a private network; a running one gets the card at once.
 *
 * The definition is written before the card is plugged in, and restored on failure. If this process is killed in between,
 * the machine has the card after its next start, or when it is connected again.
 * @param text as in `CreateOptions.networks`.
 * @throws InvalidInputError, NetworkNotFoundError, MachineStateError (it is in the network already, has no free port, is
 *   paused or saved, its guest does not set up the card, or a card that failed cannot be removed again), MachineBusyError;
 *   TimedOutError, SwitchRequestError for a switch that does not answer. Only in the last two cases of MachineStateError
 *   the machine is connected.
 */
export async function connectNetwork(
  locations: Locations,
  machine: string,
  text: string,
  { signal }: Abortable = {},
): Promise<void> {
  const wanted = parseMembership(text, 'network');
  const { network } = wanted;
  readNetwork(locations.networks, network);
  const { connected, card } = await withLockedMachine(
    locations,
    machine,
    'connecting it to a network',
    async (found) => {
      const runs = isRunning(found);
      const isMember = networksOf(found.spec).includes(network);
      if (isMember && (!runs || (await hasLiveCard(found, network, signal)))) {
        throw new MachineStateError(machine, kindOf(found), `is already in network "${network}"`, {
          hint: `to change its address or alias, disconnect the machine first: vmlet network disconnect ${network} ${machine}`,
        });
      }
      refuseSaved(found, 'networks');
      const { networks: before = [] } = found.spec;
      const others = numberCards(
        before.filter((one) => one.network !== network),
        before,
      );
      checkMemberships([...others, wanted], 'network');
      const unused = freeCards(others);
      const number = runs ? await freeLiveCard(found, unused, signal) : unused[0];
      // An earlier connection was interrupted before QEMU had the card.
      const definition = isMember ? await takeOut(locations, found, network, { signal }) : found;
      const { networks = [] } = definition.spec;
      const connected = await join(locations, definition, { network, signal }, () => {
        const [own] = joinNetworks(locations, machine, [wanted]) as [Membership];
        const joined = numberCards([...networks, { ...own, card: number }], networks);
        checkCards({ ...definition.spec, networks: joined }, 'network');
        return joined;
      });
      const card = runs ? await plugIn(locations, connected, { network, signal }, networks) : undefined;
      return { connected, card };
    },
  );
  await Promise.all([
    card && isRunning(connected) ? setUpCard(connected, card, signal) : undefined,
    tellNetworks(locations, networksOf(connected.spec), signal),
  ]);
}

/**
 * Disconnects a machine from a private network; a running guest is asked to release the card first.
 * @param limits `timeoutMs` is the time for the guest, 30 000 by default.
 * @throws GuestHoldsDeviceError when the guest does not release it (nothing has changed then, but it may still release it);
 *   MachineStateError, also for a paused machine; MachineBusyError
 */
export async function disconnectNetwork(
  locations: Locations,
  machine: string,
  network: string,
  { timeoutMs, signal }: Limits = {},
): Promise<void> {
  const others = await withLockedMachine(
    locations,
    machine,
    'disconnecting it from a network',
    async (definition) => {
      if (!networksOf(definition.spec).includes(network)) throw notInside(definition, network);
      refuseSaved(definition, 'networks');
      await takeOut(locations, definition, network, { timeoutMs, signal });
      return membersOf(locations, network).map(({ name }) => name);
    },
  );
  await tellMachines(locations, [machine, ...others], signal);
}

function notInside(definition: Definition, network: string): MachineStateError {
  const { spec } = definition;
  const names = networksOf(spec);
  return new MachineStateError(spec.name, kindOf(definition), `is not in network "${network}"`, {
    hint:
      names.length === 0
        ? `to connect it, run: vmlet network connect ${network} ${spec.name}`
        : `choose one of: ${names.join(', ')}`,
  });
}

interface Joining {
  readonly network: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes the definition and tells the network's switch; members' addresses are chosen under the networks' lock. A switch
 * that does not answer has no port for the member: nothing has changed then.
 */
async function join(
  locations: Locations,
  definition: Definition,
  { network, signal }: Joining,
  change: () => Membership[],
): Promise<Definition> {
  return withNetworksLock(locations.networks, { signal }, async () => {
    const changed = withNetworks(definition, change());
    writeSpec(definition, changed.spec);
    try {
      await publishNetworks(locations, [network]);
    } catch (error) {
      writeSpec(definition, definition.spec);
      writeSwitchTable(locations, network);
      throw error;
    }
    return changed;
  });
}

async function leave(
  locations: Locations,
  definition: Definition,
  network: string,
  others: readonly Membership[],
): Promise<void> {
  await withNetworksLock(locations.networks, {}, async () => {
    writeSpec(definition, withNetworks(definition, others).spec);
    forgetInPartitions(locations.networks, [network], definition.spec.name);
    await publishDeparture(locations, [network]);
  });
}

/** Takes a member out of a network, with its card if it has one. */
async function takeOut(
  locations: Locations,
  definition: Definition,
  network: string,
  limits: Limits,
): Promise<Definition> {
  const { networks = [] } = definition.spec;
  if (isRunning(definition)) await unplugCard(definition, network, limits);
  const kept = numberCards(
    networks.filter((one) => one.network !== network),
    networks,
  );
  await leave(locations, definition, network, kept);
  return withNetworks(definition, kept);
}

function withNetworks({ spec, files }: Definition, networks: readonly Membership[]): Definition {
  return { spec: { ...spec, networks: [...networks] }, files };
}

async function plugIn(
  locations: Locations,
  changed: Definition,
  { network, signal }: Joining,
  earlier: readonly Membership[],
): Promise<PrivateCardPlan> {
  try {
    const card = await planCard(locations, changed, { network, signal });
    await plugInCard(changed, card, signal);
    return card;
  } catch (error) {
    try {
      await unplugCard(changed, network, { timeoutMs: UNDO_MS });
    } catch {
      // The first error says more. A machine that has ended makes a new plan at its next start; another has the card.
      if (isRunning(changed)) throw stillConnected(changed, network, error);
    }
    await leave(locations, changed, network, earlier);
    throw error;
  }
}

function stillConnected({ spec }: Definition, network: string, cause: unknown): MachineStateError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new MachineStateError(
    spec.name,
    'running',
    `could not be connected to network "${network}": ${words}; its new network card could not be removed`,
    { hint: `disconnect the machine: vmlet network disconnect ${network} ${spec.name}`, cause },
  );
}

const UNDO_MS = 10_000;

async function planCard(
  locations: Locations,
  { spec, files }: Definition,
  { network, signal }: Joining,
): Promise<PrivateCardPlan> {
  const host = await probeHost({ cacheDirectory: locations.cache, signal });
  const card = planPrivateCards(spec, files, host).find((one) => one.network === network);
  if (!card)
    throw new Error(
      `internal error: machine "${spec.name}" is not stored as a member of network "${network}"`,
    );
  return card;
}

function isRunning(definition: Definition): boolean {
  return kindOf(definition) === 'running';
}

function kindOf({ files }: Definition): string {
  return readStatus(files).kind;
}
