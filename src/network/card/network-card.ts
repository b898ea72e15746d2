import { randomBytes } from 'node:crypto';

/** JSON for `-device`. Without a netdev the card is there and its cable out. */
export function networkCard(card: {
  readonly id: string;
  readonly mac: string;
  readonly netdev?: string;
}): object {
  // The option ROM is for booting from the network, which costs the firmware time and which nothing here does.
  return { driver: 'virtio-net-pci', ...card, romfile: '' };
}

/** QEMU's name for a card of `Plan.cards`. */
export function cardDevice(index: number): string {
  return `card${index}-device`;
}

/** A hardware address for a card that has had none before; 52:54:00 is QEMU's own prefix. */
export function newMac(): string {
  const [a, b, c] = randomBytes(3).toString('hex').match(/../g) ?? [];
  return `52:54:00:${a}:${b}:${c}`;
}
