import type { Random } from '../../../fixtures/agent/random.ts';

/** A first run starts, its guest boots and is saved, and the saved guest gets its name. */
export type Phase = 'start' | 'answer' | 'name';

/** When to kill a first run, counted from one of its phases: the length of a boot differs by more than a save takes. */
export interface Moment {
  readonly after: Phase;
  readonly ms: number;
}

/** The time from each phase to the end of an undisturbed first run, in milliseconds. */
export type TimesLeft = Readonly<Record<Phase, number>>;

/**
 * Half of the moments are spread over the whole run. The others hit its short parts: the save, and the rest
 * after the name, in the saved guest's machine or in a fork.
 */
export function drawMoment(number: number, left: TimesLeft, random: Random): Moment {
  const after = number % 2 === 1 ? 'start' : number % 4 === 0 ? 'name' : 'answer';
  return { after, ms: random.below(Math.max(1, Math.round(left[after]))) };
}
