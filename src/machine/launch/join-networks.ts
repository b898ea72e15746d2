import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { Scope } from '../../util/scope.ts';
import { cardDevice } from '../../network/card/network-card.ts';
import { setLink } from '../plan/network-card.ts';
import type { StartedMachine } from './started-machine.ts';
import { HostsFile } from '../network/hosts-file.ts';
import type { NetworkPlace } from '../network/network-place.ts';
import type { NetworkAttachment } from '../network/network.ts';

/** Reserves an address in each network for as long as the scope is open. @throws InvalidInputError. */
export function attachNetworks(places: readonly NetworkPlace[], scope: Scope): NetworkAttachment[] {
  return places.map(({ network, name }) => {
    const attachment = network.take(name);
    scope.defer(() => attachment.leave());
    return attachment;
  });
}

/**
 * Connects the cards of a paused machine to its networks; an unconnected card has no carrier.
 * @returns the machine's attachments.
 */
export async function connectCards(
  machine: StartedMachine,
  attachments: readonly NetworkAttachment[],
): Promise<StartedMachine> {
  const { qmp, cardConnections } = machine;
  await Promise.all(
    cardConnections.map(async (connection, index) => {
      const attachment = attachments[index];
      if (attachment) attachment.plugIn(connection);
      // While another caller keeps the link up, discard frames so that nothing blocks.
      else connection.resume();
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
  const links = attachments.map(({ mac: newMac, addressWithPrefix }, index) => {
    const mac = cards[index]?.mac ?? newMac;
    return { mac, addresses: [addressWithPrefix], ...(mac !== newMac && { newMac }) };
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
