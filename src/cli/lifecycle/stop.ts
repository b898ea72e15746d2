import { Command, Option } from 'commander';
import { describeEnd, type MachineStopRung } from '../../machines/index.ts';
import { eachMachine, isRunning, namedOrAll } from '../session/each-machine.ts';
import { durationMs } from '../flags/flag-values.ts';
import { note } from '../output/say.ts';

const RUNGS: Readonly<Record<MachineStopRung, string>> = {
  guest: 'asked its agent',
  'power-button': 'pressed its power button',
  quit: 'its guest did not react; told QEMU to quit',
  SIGTERM: 'QEMU did not quit; sent SIGTERM',
  SIGKILL: 'QEMU did not end; killed it',
};

export function stopCommand(): Command {
  return new Command('stop')
    .description(
      'Stops machines as gently as they let us: the power button, pressed again while it is ignored, then QMP quit, ' +
        'SIGTERM and SIGKILL.',
    )
    .argument('[machines...]', 'their names')
    .option('-a, --all', 'all that run')
    .option('-t, --timeout <time>', 'how long all of it may take (default: 60s)', durationMs)
    .addOption(new Option('--time <time>', 'as --timeout').argParser(durationMs).hideHelp())
    .action(async (names: string[], flags: { all?: true; timeout?: number; time?: number }) => {
      const timeoutMs = flags.timeout ?? flags.time;
      await eachMachine(namedOrAll(names, flags, isRunning), async (machine, signal) => {
        const { rung, outcome } = await machine
          .live()
          .stop({ signal, ...(timeoutMs !== undefined && { timeoutMs }) });
        note(`${machine.name}: ${RUNGS[rung]}; ${describeEnd(outcome)}`);
      });
    });
}
