import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { Scope } from '../../util/scope.ts';
import { cardDevice } from '../../network/card/network-card.ts';
import { setLink } from '../plan/network-card.ts';
import type { StartedMachine } from './started-machine.ts';
import { HostsFile } from '../network/hosts-file.ts';
import type { NetworkPlace } from '../network/network-place.ts';
import type { NetworkSeat } from '../network/network.ts';

/** Reserves an address in each network for as long as the scope is open. @throws InvalidInputError. */
export function takeSeats(places: readonly NetworkPlace[], scope: Scope): NetworkSeat[] {
  return places.map(({ network, name }) => {
    const seat = network.take(name);
    scope.defer(() => seat.leave());
    return seat;
  });
}

/**
 * Connects the cards of a paused machine to its networks; an unconnected card has no carrier.
 * @returns the machine's attachments.
 */
export async function plugCables(
  machine: StartedMachine,
  seats: readonly NetworkSeat[],
): Promise<StartedMachine> {
  const { qmp, cables } = machine;
  await Promise.all(
    cables.map(async (cable, index) => {
      const seat = seats[index];
      if (seat) seat.plugIn(cable);
      // While another caller keeps the link up, discard frames so that nothing blocks.
      else cable.resume();
      await setLink(qmp, { id: cardDevice(index) }, seat !== undefined);
    }),
  );
  return { ...machine, seats };
}

/**
 * Configures the guest's network addresses and publishes the names. Until then the cards have the MAC
 * addresses of the plan.
 */
export async function joinNetworks(
  agent: GuestAgent,
  { plan: { cards }, seats }: Pick<StartedMachine, 'plan' | 'seats'>,
): Promise<void> {
  if (seats.length === 0) return;
  const hosts = new HostsFile(agent);
  const links = seats.map(({ mac: newMac, addressWithPrefix }, index) => {
    const mac = cards[index]?.mac ?? newMac;
    return { mac, addresses: [addressWithPrefix], ...(mac !== newMac && { newMac }) };
  });
  await Promise.all([
    agent.configure({ network: links }),
    ...seats.map(async (seat) => seat.introduce(hosts)),
  ]);
}

/** The MAC address of a card that is in no network yet; a fork replaces it. */
export function spareCardMac(index: number): string {
  return `52:54:00:00:00:${(index + 1).toString(16).padStart(2, '0')}`;
}
