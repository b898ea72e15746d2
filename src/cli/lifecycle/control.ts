import { Command } from 'commander';
import { eachMachine } from '../session/each-machine.ts';
import { durationMs } from '../flags/flag-values.ts';
import { sayInstalled, sayStarted } from './start.ts';

/** The verbs that do one thing to each machine. */

export function killCommand(): Command {
  return new Command('kill')
    .description('Pulls the plug of machines: QEMU is killed.')
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) => eachMachine(names, async (machine) => machine.live().kill()));
}

export function restartCommand(): Command {
  return new Command('restart')
    .description('Stops machines as `vmlet stop` does, and starts them. One that does not run is started.')
    .argument('<machines...>', 'their names')
    .option('-t, --timeout <time>', 'how long the stop may take (default: 60s)', durationMs)
    .action(async (names: string[], { timeout }: { timeout?: number }) => {
      await eachMachine(names, async (machine, signal) => {
        if (machine.status().kind === 'running') {
          await machine.live().stop({ signal, ...(timeout !== undefined && { timeoutMs: timeout }) });
        }
        const onInstalled = (): void => sayInstalled(machine.name);
        sayStarted(await machine.start({ signal, onInstalled }));
      });
    });
}

export function resetCommand(): Command {
  return new Command('reset')
    .description('Presses the reset button of machines: their guests are not asked.')
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().reset({ signal })),
    );
}

export function pauseCommand(): Command {
  return new Command('pause')
    .description('Stops the processors of machines; their memory stays.')
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().pause({ signal })),
    );
}

export function resumeCommand(): Command {
  return new Command('resume')
    .description('Lets paused machines go on.')
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) =>
      eachMachine(names, async (machine, signal) => machine.live().resume({ signal })),
    );
}
