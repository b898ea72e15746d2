import { constants } from 'node:os';

const NAMES = new Map<number, NodeJS.Signals>();
// Where a number has two names, Node's child processes report the first, as SIGABRT instead of SIGIOT.
for (const [name, number] of Object.entries(constants.signals) as [NodeJS.Signals, number][]) {
  if (!NAMES.has(number)) NAMES.set(number, name);
}

/** Returns the name of a signal number, such as `SIGKILL`; `SIG34` for real-time signals, which have no name in Node. */
export function signalName(number: number): NodeJS.Signals {
  return NAMES.get(number) ?? (`SIG${number}` as NodeJS.Signals);
}
