import { Command } from 'commander';
import { eachMachine } from '../session/each-machine.ts';
import { durationMs } from '../flags/flag-values.ts';
import { note } from '../output/say.ts';
import { sayInstalled, sayOutsideUnit, sayStarted } from './start.ts';
import { describeStop, isGraceful, runningOf } from './stop.ts';

/** Verbs that send one request to each machine. */

export function killCommand(): Command {
  return new Command('kill')
    .description(
      'Powers off machines immediately by killing QEMU. The guest cannot shut down first: data that it has not yet written to disk is lost.',
    )
    .argument('<machines...>', 'names of the machines')
    .action(async (names: string[]) => eachMachine(names, async (machine) => runningOf(machine).kill()));
}

export function restartCommand(): Command {
  return new Command('restart')
    .description(
      'Stops machines as vmlet stop does, and starts them again. A stopped machine is only started.',
    )
    .argument('<machines...>', 'names of the machines')
    .option('-t, --timeout <time>', 'time limit for stopping each machine (default: 60s)', durationMs)
    .action(async (names: string[], { timeout }: { timeout?: number }) => {
      await eachMachine(names, async (machine, signal) => {
        if (machine.status().kind === 'running') {
          await machine.checkDirectories({ signal });
          const stopped = await machine
            .live()
            .stop({ signal, keep: true, ...(timeout !== undefined && { timeoutMs: timeout }) });
          if (!isGraceful(stopped)) note(`${machine.name}: ${describeStop(stopped)}`);
        }
        const onInstalled = (): void => sayInstalled(machine.name);
        sayStarted(await machine.start({ signal, onInstalled }));
        await sayOutsideUnit(machine);
      });
    });
}

export function resetCommand(): Command {
  return new Command('reset')
    .description(
      'Resets machines immediately, like a reset button. The guest cannot shut down first: data that it has not yet written to disk is lost.',
    )
    .argument('<machines...>', 'names of the machines')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().reset({ signal })),
    );
}

export function pauseCommand(): Command {
  return new Command('pause')
    .description(
      'Pauses the virtual processors of machines; the memory of the guests stays in RAM. To continue: vmlet resume.',
    )
    .argument('<machines...>', 'names of the machines')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().pause({ signal })),
    );
}

export function resumeCommand(): Command {
  return new Command('resume')
    .description(
      'Resumes paused machines, also those that were paused because the host had no space left for their disks. ' +
        'Wakes up guests that have suspended themselves.',
    )
    .argument('<machines...>', 'names of the machines')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().resume({ signal })),
    );
}
