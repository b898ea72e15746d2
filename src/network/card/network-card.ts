/** JSON for `-device`. Without a netdev the card is there and its cable out. */
export function networkCard(card: {
  readonly id: string;
  readonly mac: string;
  readonly netdev?: string;
}): object {
  // The option ROM is for booting from the network, which costs the firmware time and which nothing here does.
  return { driver: 'virtio-net-pci', ...card, romfile: '' };
}
