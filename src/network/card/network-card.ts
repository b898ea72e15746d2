import { randomBytes } from 'node:crypto';

/** Returns the JSON for `-device`. Without a netdev the card is not connected. */
export function networkCard(card: { readonly id: string; readonly mac: string; readonly netdev?: string }): {
  readonly driver: string;
  readonly romfile: string;
} {
  // The option ROM is only for booting from the network, which is not supported here, and costs the firmware
  // time.
  return { driver: 'virtio-net-pci', ...card, romfile: '' };
}

/** QEMU's name for a card of `Plan.cards`. */
export function cardDevice(index: number): string {
  return `card${index}-device`;
}

/** Returns a random MAC address; 52:54:00 is QEMU's own prefix. */
export function newMac(): string {
  const [a, b, c] = randomBytes(3).toString('hex').match(/../g) ?? [];
  return `52:54:00:${a}:${b}:${c}`;
}
