import { randomBytes } from 'node:crypto';

/** MTU of Ethernet, which guests use unless the card tells them another one. */
export const USUAL_MTU = 1500;

/** Returns the JSON for `-device`. Without a netdev the card is not connected. */
export function networkCard(card: { readonly id: string; readonly mac: string; readonly netdev?: string }): {
  readonly driver: string;
  readonly romfile: string;
} {
  // The option ROM is only for booting from the network, which is not supported here, and costs the firmware
  // time.
  return { driver: 'virtio-net-pci', ...card, romfile: '' };
}

/** Returns the property of a card that tells the guest its MTU. Saved memory depends on it. */
export function hostMtu(mtu: number): { readonly host_mtu?: number } {
  return mtu === USUAL_MTU ? {} : { host_mtu: mtu };
}

/** QEMU's name for a card of `Plan.cards`. */
export function cardDevice(index: number): string {
  return `card${index}-device`;
}

/** Returns a random MAC address; 52:54:00 is QEMU's own prefix. */
export function newMac(): string {
  return `52:54:00${randomBytes(3).toString('hex').replaceAll(/../g, ':$&')}`;
}
