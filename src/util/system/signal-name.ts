import { constants } from 'node:os';
import { inspect } from 'node:util';
import { InvalidInputError } from '../../errors/index.ts';

const NAMES = new Map<number, NodeJS.Signals>();
// Where a number has two names, Node's child processes report the first, as SIGABRT instead of SIGIOT.
for (const [name, number] of Object.entries(constants.signals) as [NodeJS.Signals, number][]) {
  if (!NAMES.has(number)) NAMES.set(number, name);
}

/** Returns the name of a signal number, such as `SIGKILL`; `SIG34` for real-time signals, which have no name in Node. */
export function signalName(number: number): NodeJS.Signals {
  return NAMES.get(number) ?? (`SIG${number}` as NodeJS.Signals);
}

/**
 * Returns the number of a signal. The type also has names of other systems, such as `SIGINFO`, which Linux lacks.
 * @throws InvalidInputError for anything but the name of a signal of Linux.
 */
export function signalNumber(name: NodeJS.Signals): number {
  if (Object.hasOwn(constants.signals, name)) return constants.signals[name];
  throw new InvalidInputError(
    'signal',
    `${inspect(name)}: expected the name of a Linux signal, such as SIGTERM`,
  );
}
