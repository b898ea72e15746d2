import { Command } from 'commander';
import { durationMs } from '../flags/flag-values.ts';
import { MachineStore } from '../../machines/index.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function networkConnectCommand(): Command {
  return new Command('connect')
    .summary('connect a machine to a network')
    .description(
      'Connects a machine to a network. A running machine gets the network card immediately (at most two ' +
        'more cards until its next start). vmlet’s agent, if installed, configures the address and makes the names of the ' +
        'other members resolvable.',
    )
    .argument('<network>', 'network as in vmlet create --network: NAME[:KEY=VALUE,…]')
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
      'Disconnects a machine from a network. The guest of a running machine must release the network card first.',
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
