import { type Round, namedRound, throwAwayRound } from './round.ts';
import { VICTIMS, type Victim } from './victim.ts';

/** A kill of one process of one kind of machine. */
export interface Attack {
  readonly victim: Victim;
  readonly machine: 'named' | 'throw-away';
  /** @returns all faults. */
  readonly play: (round: Round) => Promise<string[]>;
}

/** The kinds of machine alternate. A throw-away machine has no keeper. */
export const KINDS_OF_KILLS: readonly Attack[] = VICTIMS.flatMap((victim) => [
  { victim, machine: 'named' as const, play: namedRound },
  ...(victim === 'keeper' ? [] : [{ victim, machine: 'throw-away' as const, play: throwAwayRound }]),
]);

/** Each kind of kill in turn, and at least once. */
export function attacks(count: number): Attack[] {
  const kinds = KINDS_OF_KILLS;
  return Array.from({ length: Math.max(kinds.length, count) }, (_, index) => kinds[index % kinds.length]!);
}
