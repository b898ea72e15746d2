/** QEMU's name for a card of `Plan.cards`. */
export function cardDevice(index: number): string {
  return `card${index}-device`;
}
