import { Command } from 'commander';
import { durationMs } from '../flags/flag-values.ts';
import { MachineStore } from '../../machines/index.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function networkConnectCommand(): Command {
  return new Command('connect')
    .summary('connect a machine to a network')
    .description(
      'Connects a machine to a private network through an additional network card. A running machine gets the card ' +
        'immediately; at most two cards can be added before its next start. If vmlet’s agent runs in the guest, it configures the ' +
        'address and makes the names of the other machines in the network resolvable.',
    )
    .argument('<network>', 'network to join, as in vmlet create --network: NAME[:KEY=VALUE,…]')
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
        'waits until the guest has done so.',
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
