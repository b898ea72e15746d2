import { InvalidInputError, VmletError } from '../../errors/index.ts';
import { type ListedMachine, MachineStore, type NamedMachine } from '../../machines/index.ts';
import { reportError } from '../output/report-error.ts';
import { untilInterrupted } from './until-interrupted.ts';
import { printLine } from '../output/say.ts';

/**
 * Runs work for several machines in parallel and prints each name when it is done, as podman does. A failure does not
 * affect the other machines.
 * @throws InvalidInputError for an invalid name, before any work: it may be an operand of virsh, as in `save web FILE`.
 */
export async function eachMachine(
  names: readonly string[],
  work: (machine: NamedMachine, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const store = new MachineStore();
  for (const name of names) refuseInvalidName(store, name);
  await eachName(names, async (name, signal) => work(store.get(name), signal));
}

function refuseInvalidName(store: MachineStore, name: string): void {
  try {
    store.get(name);
  } catch (error) {
    if (error instanceof InvalidInputError) throw error;
    // A missing or broken machine does not affect the others.
    if (!(error instanceof VmletError)) throw error;
  }
}

/**
 * Returns the named machines, or with `--all` all machines that the verb applies to.
 * @throws InvalidInputError if neither or both are given.
 */
export function namedOrAll(
  names: readonly string[],
  { all }: { readonly all?: true },
  isMeant: (machine: ListedMachine) => boolean,
): readonly string[] {
  if (all && names.length > 0) {
    throw new InvalidInputError('--all', 'cannot be used together with names', {
      hint: 'leave out --all or the names',
    });
  }
  if (!all && names.length === 0) {
    throw new InvalidInputError('machines', 'missing', { hint: 'give names of machines, or --all' });
  }
  return all
    ? new MachineStore()
        .list()
        .filter(isMeant)
        .map(({ name }) => name)
    : names;
}

/** True when there is a machine of this name, even a broken one. */
export function isMachineName(name: string): boolean {
  return new MachineStore().list().some((machine) => machine.name === name);
}

export function isRunning(machine: ListedMachine): boolean {
  return 'status' in machine && machine.status.kind === 'running';
}

/** Returned by work that had nothing to do, so that no name is printed. */
export const NOTHING_DONE = Symbol('nothing done');

/** The same for work that does not need a readable machine. */
export async function eachName(
  names: readonly string[],
  work: (name: string, signal: AbortSignal) => unknown,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    await Promise.all(
      [...new Set(names)].map(async (name) => {
        try {
          const done = await work(name, signal);
          if (done !== NOTHING_DONE) printLine(name);
        } catch (error) {
          process.exitCode = reportError(error);
        }
      }),
    );
  });
}
