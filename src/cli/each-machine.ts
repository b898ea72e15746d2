import { MachineStore, type NamedMachine } from '../store/index.ts';
import { reportError } from './report-error.ts';
import { untilInterrupted } from './until-interrupted.ts';

/**
 * Does the same to several machines, at once; one that fails does not keep the others from it. Says each name on stdout
 * when it is done, as podman does.
 * @param work returns what to say instead of the name.
 */
export async function eachMachine(
  names: readonly string[],
  work: (machine: NamedMachine, signal: AbortSignal) => Promise<string | void>,
): Promise<void> {
  const store = new MachineStore();
  await eachName(names, async (name, signal) => work(store.get(name), signal));
}

/** The same for what needs no machine that can be read. */
export async function eachName(
  names: readonly string[],
  work: (name: string, signal: AbortSignal) => Promise<string | void>,
): Promise<void> {
  await untilInterrupted(async (signal) => {
    await Promise.all(
      [...new Set(names)].map(async (name) => {
        try {
          process.stdout.write(`${(await work(name, signal)) ?? name}\n`);
        } catch (error) {
          process.exitCode = reportError(error);
        }
      }),
    );
  });
}
