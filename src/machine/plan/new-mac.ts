import { randomBytes } from 'node:crypto';

/** A hardware address for a card that has had none before; 52:54:00 is QEMU's own prefix. */
export function newMac(): string {
  const [a, b, c] = randomBytes(3).toString('hex').match(/../g) ?? [];
  return `52:54:00:${a}:${b}:${c}`;
}
