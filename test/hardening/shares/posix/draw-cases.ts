import { Random } from '../../../../fixtures/agent/random.ts';
import type { PosixCase } from './case.ts';

/** A smaller run deals the operations to the kinds of shares, instead of trying all of them on each. */
export const SMALL = 0.03;

export interface Drawing {
  readonly scale: number;
  readonly seed: number;
  /** The kind of share among all kinds. */
  readonly hand: number;
  readonly hands: number;
}

/**
 * Draws a part of the users and modes of each operation, and at least one. The kinds of a small run have each operation
 * once in all.
 */
export function drawCases(all: readonly PosixCase[], { scale, seed, hand, hands }: Drawing): PosixCase[] {
  const random = new Random(seed);
  const groups = [...byOperation(all)].filter(
    (_, index) => scale >= SMALL || (index + Math.abs(seed)) % hands === hand,
  );
  return groups.flatMap((group) => drawn(group, Math.max(1, Math.round(group.length * scale)), random));
}

function byOperation(all: readonly PosixCase[]): Iterable<readonly PosixCase[]> {
  const groups = new Map<string, PosixCase[]>();
  for (const one of all) groups.set(one.operation, [...(groups.get(one.operation) ?? []), one]);
  return groups.values();
}

function drawn(group: readonly PosixCase[], count: number, random: Random): PosixCase[] {
  const left = [...group];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)).flat();
}
