import { Command } from 'commander';
import { durationMs } from '../flags/flag-values.ts';
import { MachineStore } from '../../machines/index.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function networkConnectCommand(): Command {
  return new Command('connect')
    .summary('connect a machine to a network')
    .description(
      'Connects a machine to a private network by adding a network card. A running machine gets the card immediately; ' +
        'after two new cards, stop and start the machine to add more. If vmlet’s agent runs in the guest, the agent configures ' +
        'the address of the card, and the guest can reach the other machines of the network by name.',
    )
    .argument('<network>', 'network in the form NAME[:KEY=VALUE,…], as for vmlet create --network')
    .argument('<machine>', 'name of the machine')
    .action(async (network: string, name: string) => {
      await untilInterrupted(async (signal) =>
        new MachineStore().get(name).connectNetwork(network, { signal }),
      );
    });
}

export function networkDisconnectCommand(): Command {
  return new Command('disconnect')
    .summary('disconnect a machine from a network')
    .description(
      'Disconnects a machine from a network. If the machine is running, vmlet asks the guest to release the network card, and ' +
        'waits until the card is released.',
    )
    .argument('<network>', 'name of the network')
    .argument('<machine>', 'name of the machine')
    .option(
      '-t, --timeout <time>',
      'how long to wait for the guest to release the network card (default: 30s)',
      durationMs,
    )
    .action(async (network: string, name: string, { timeout }: { timeout?: number }) => {
      await untilInterrupted(async (signal) =>
        new MachineStore().get(name).disconnectNetwork(network, { timeoutMs: timeout, signal }),
      );
    });
}
