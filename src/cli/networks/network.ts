import { Command } from 'commander';
import { NetworkNotFoundError } from '../../errors/index.ts';
import { wholeNumber } from '../flags/flag-values.ts';
import { NetworkStore } from '../../machines/index.ts';
import { printJson, printLine } from '../output/say.ts';
import { eachName, NOTHING_DONE } from '../session/each-machine.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { networkCaptureCommand } from './network-capture.ts';
import { networkConnectCommand, networkDisconnectCommand } from './network-connect.ts';
import { networkInspectCommand, networkLsCommand } from './network-ls.ts';

interface CreateFlags {
  readonly subnet?: string;
  readonly mtu?: number;
  readonly dryRun?: true;
  readonly json?: true;
}

export function networkCommand(): Command {
  return new Command('network')
    .description(
      'Manages private networks. The machines of a network reach each other by name. For example, to create a machine in ' +
        'the network lan: vmlet create web --image micro --network lan. A network has a process only while one of its ' +
        'machines runs.',
    )
    .addCommand(createCommand())
    .addCommand(networkLsCommand())
    .addCommand(networkInspectCommand())
    .addCommand(removeCommand())
    .addCommand(networkConnectCommand())
    .addCommand(networkDisconnectCommand())
    .addCommand(partitionCommand())
    .addCommand(healCommand())
    .addCommand(networkCaptureCommand());
}

function createCommand(): Command {
  return new Command('create')
    .summary('create a network')
    .description(
      'Creates a private network. The name of the network is also a domain: the machine db in the network lan has the ' +
        'name db.lan.',
    )
    .argument('<name>', 'name of the network')
    .option('--subnet <subnet>', 'IPv4 subnet such as 10.9.0.0/24 (default: a free one)')
    .option('--mtu <bytes>', 'MTU of the guests’ network cards; 9000 is faster (default: 1500)', wholeNumber)
    .option('--dry-run', 'print the network as JSON without creating it')
    .option('--json', 'print the network as JSON')
    .action(create);
}

async function create(name: string, { subnet, mtu, dryRun, json }: CreateFlags): Promise<void> {
  const store = new NetworkStore();
  const options = { name, subnet, mtu };
  if (dryRun) {
    printJson({ version: 1, create: store.check(options) });
    return;
  }
  const network = await untilInterrupted(async (signal) => store.create(options, { signal }));
  if (json) printJson({ version: 1, network });
  else printLine(name);
}

function removeCommand(): Command {
  return new Command('rm')
    .summary('remove networks')
    .description(
      'Removes networks. A network that still has machines is not removed; the error lists these machines.',
    )
    .argument('<networks...>', 'names of the networks')
    .option('-i, --ignore', 'ignore networks that do not exist')
    .action(async (names: string[], { ignore }: { ignore?: true }) => {
      const store = new NetworkStore();
      await eachName(names, async (name, signal) => {
        try {
          return await store.remove(name, { signal });
        } catch (error) {
          if (ignore && error instanceof NetworkNotFoundError) return NOTHING_DONE;
          throw error;
        }
      });
    });
}

function partitionCommand(): Command {
  return new Command('partition')
    .summary('separate machines in a network')
    .description(
      'Drops all traffic between the groups, as if a cable were cut. Earlier partitions stay in effect. vmlet network heal ' +
        'removes all partitions.',
    )
    .argument('<network>', 'name of the network')
    .argument(
      '<groups...>',
      'two or more groups of machines; in a group, separate the names by commas, such as: web,api db',
    )
    .action(async (name: string, groups: string[]) => {
      const members = groups.map((group) => group.split(','));
      await untilInterrupted(async (signal) => new NetworkStore().partition(name, members, { signal }));
    });
}

function healCommand(): Command {
  return new Command('heal')
    .summary('remove all partitions of a network')
    .description('Removes all partitions of a network.')
    .argument('<network>', 'name of the network')
    .action(async (name: string) => {
      await untilInterrupted(async (signal) => new NetworkStore().heal(name, { signal }));
    });
}
