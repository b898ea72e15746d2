import type { Socket } from 'node:net';
import { InvalidInputError } from '../../errors/index.ts';
import { probeHost } from '../../host/probe.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { Scope } from '../../util/scope.ts';
import { cardDevice } from '../../network/card/network-card.ts';
import { CARD_AT_BOOT } from '../../network/plan/network.ts';
import { setLink } from '../plan/planned-cards.ts';
import type { StartedMachine } from './started-machine.ts';
import { discardFrames, linkCard } from '../network/card-link.ts';
import { HostsFile } from '../network/hosts-file.ts';
import { NamedNetwork } from '../network/joined-network.ts';
import {
  type Attachment,
  type NamedSubnet,
  type WantedPlace,
  checkOverlap,
} from '../network/network-place.ts';
import { cardSocket } from '../paths/directory.ts';
import type { Locations } from '../paths/locations.ts';

/** The circumstances of a machine that joins networks. */
export interface Joining {
  readonly locations: Pick<Locations, 'machines' | 'networks' | 'cache'>;
  readonly signal: AbortSignal | undefined;
  /** False when the caller has not chosen the machine's name: a network of named machines may change it. */
  readonly isOwnName: boolean;
  /** MAC address of the machine's first card; undefined without one. */
  readonly firstMac: string | undefined;
}

/**
 * Reserves an address in each network for as long as the scope is open.
 * @throws InvalidInputError, NetworkNotFoundError, or the signal's reason.
 */
export async function attachNetworks(
  places: readonly WantedPlace[],
  { locations, signal, isOwnName, firstMac }: Joining,
  scope: Scope,
): Promise<Attachment[]> {
  const attachments: Attachment[] = [];
  for (const place of places) {
    const joining = { ...place, isOwnName };
    const { network } = place;
    const attachment =
      network instanceof NamedNetwork
        ? await network.join(joining, {
            locations,
            host: await probeHost({ cacheDirectory: locations.cache, signal }),
            signal,
          })
        : network.take(joining);
    scope.defer(async () => attachment.leave());
    checkOverlap(subnetOf(attachment), attachments.map(subnetOf), 'networks');
    if (attachment.mac === firstMac) throw takenMac(firstMac);
    attachments.push(attachment);
  }
  return attachments;
}

function subnetOf({ network: { name }, subnet }: Attachment): NamedSubnet {
  return { name, subnet };
}

/** The guest's agent finds each card by its address. */
function takenMac(mac: string): InvalidInputError {
  const isDefault = mac === CARD_AT_BOOT;
  return new InvalidInputError(
    isDefault ? 'networks' : 'mac',
    isDefault
      ? `MAC address ${mac} is taken by the machine's first network card`
      : `${mac} is taken by the machine's card in a private network`,
    { hint: 'choose another MAC address' },
  );
}

/**
 * Connects the cards of a paused machine to its networks; an unconnected card has no carrier.
 * @returns the machine's attachments.
 */
export async function connectCards(
  machine: StartedMachine,
  attachments: readonly Attachment[],
): Promise<StartedMachine> {
  const { plan, qmp, scope } = machine;
  await Promise.all(
    plan.cards.map(async (_, index) => {
      const attachment = attachments[index];
      // While another caller keeps the link up, frames are discarded so that nothing blocks.
      const carry = attachment ? async (connection: Socket) => attachment.plugIn(connection) : discardFrames;
      linkCard(cardSocket(plan.directory, index), carry, scope);
      await setLink(qmp, { id: cardDevice(index) }, attachment !== undefined);
    }),
  );
  return { ...machine, attachments };
}

/**
 * Configures the guest's network addresses and publishes the names. Until then the cards have the MAC
 * addresses of the plan.
 */
export async function joinNetworks(
  agent: GuestAgent,
  { plan: { cards }, attachments }: Pick<StartedMachine, 'plan' | 'attachments'>,
): Promise<void> {
  if (attachments.length === 0) return;
  const hosts = new HostsFile(agent);
  const links = attachments.map(({ mac: newMac, addresses, mtu }, index) => {
    const mac = cards[index]?.mac ?? newMac;
    return {
      mac,
      addresses: [...addresses],
      ...(mac !== newMac && { newMac }),
      ...(mtu !== undefined && { mtu }),
    };
  });
  await Promise.all([
    agent.configure({ network: links }),
    ...attachments.map(async (attachment) => attachment.introduce(hosts)),
  ]);
}

/** The MAC address of a card that is in no network yet; a fork replaces it. */
export function spareCardMac(index: number): string {
  return `52:54:00:00:00:${(index + 1).toString(16).padStart(2, '0')}`;
}
