import { MachineStore, type NamedMachine } from '../../machines/index.ts';
import { reportError } from '../output/report-error.ts';
import { untilInterrupted } from './until-interrupted.ts';

/**
 * Does the same to several machines, at once; one that fails does not keep the others from it. Says each name on stdout
 * when it is done, as podman does.
 */
export async function eachMachine(
  names: readonly string[],
  work: (machine: NamedMachine, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const store = new MachineStore();
  await eachName(names, async (name, signal) => work(store.get(name), signal));
}

/** The same for what needs no machine that can be read. */
export async function eachName(
  names: readonly string[],
  work: (name: string, signal: AbortSignal) => unknown,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    await Promise.all(
      [...new Set(names)].map(async (name) => {
        try {
          await work(name, signal);
          process.stdout.write(`${name}\n`);
        } catch (error) {
          process.exitCode = reportError(error);
        }
      }),
    );
  });
}
