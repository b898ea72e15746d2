import { Command, Option } from 'commander';
import { MachineStateError } from '../../errors/index.ts';
import {
  type LiveMachine,
  type MachineStopResult,
  type MachineStopRung,
  type NamedMachine,
  describeEnd,
} from '../../machines/index.ts';
import { eachMachine, isRunning, namedOrAll } from '../session/each-machine.ts';
import { durationMs } from '../flags/flag-values.ts';
import { note } from '../output/say.ts';

const RUNGS: Readonly<Record<MachineStopRung, string>> = {
  guest: 'asked the guest’s agent to shut the guest down',
  'power-button': 'pressed the power button',
  quit: 'the guest did not shut down; told QEMU to quit',
  SIGTERM: 'QEMU did not quit; sent SIGTERM',
  SIGKILL: 'QEMU did not exit; killed it with SIGKILL',
};

/** Ends that the words of the step imply. */
const IMPLIED: Partial<Record<MachineStopRung, MachineStopResult['outcome']['kind']>> = {
  quit: 'host-quit',
  SIGTERM: 'host-signal',
  SIGKILL: 'killed',
};

export function stopCommand(): Command {
  return new Command('stop')
    .description(
      'Stops machines gracefully: asks the agent of a micro guest to shut the guest down. For other guests, and if the ' +
        'agent does not help, presses the power button every 5 seconds. If the guest still runs when most of --timeout has ' +
        'passed, vmlet ends QEMU with the QMP command quit, then with SIGTERM, then with SIGKILL.',
    )
    .argument('[machines...]', 'names of the machines')
    .option('-a, --all', 'stop all running machines')
    .option('-t, --timeout <time>', 'time limit for stopping each machine (default: 60s)', durationMs)
    .addOption(new Option('--time <time>', 'same as --timeout').argParser(durationMs).hideHelp())
    .action(async (names: string[], flags: { all?: true; timeout?: number; time?: number }) => {
      const timeoutMs = flags.timeout ?? flags.time;
      await eachMachine(namedOrAll(names, flags, isRunning), async (machine, signal) => {
        const stopped = await runningOf(machine).stop({
          signal,
          ...(timeoutMs !== undefined && { timeoutMs }),
        });
        note(`${machine.name}: ${describeStop(stopped)}`);
      });
    });
}

/** Returns a machine that is to end, which need not be started first. @throws MachineStateError when it is not running. */
export function runningOf(machine: NamedMachine): LiveMachine {
  const { kind } = machine.status();
  if (kind !== 'running') throw new MachineStateError(machine.name, kind, 'is not running');
  return machine.live();
}

/** False when QEMU was ended although the guest still ran. */
export function isGraceful({ rung }: MachineStopResult): boolean {
  return rung === 'guest' || rung === 'power-button';
}

/** For example `pressed the power button; the guest powered off on request`. */
export function describeStop({ rung, outcome }: MachineStopResult): string {
  return IMPLIED[rung] === outcome.kind ? RUNGS[rung] : `${RUNGS[rung]}; ${describeEnd(outcome)}`;
}
