import { constants } from 'node:os';

/** A signal by its number; undefined for one without a name. */
export function signalName(number: number): NodeJS.Signals | undefined {
  const names = Object.entries(constants.signals) as [NodeJS.Signals, number][];
  return names.find(([, value]) => value === number)?.[0];
}
