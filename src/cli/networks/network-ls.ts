import { Command } from 'commander';
import { type ListedNetwork, NetworkStore, type PrivateNetwork } from '../../machines/index.ts';
import { reportError } from '../output/report-error.ts';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { note, printLines } from '../output/say.ts';
import { table } from '../output/table.ts';

interface Flags extends FormatFlags {
  readonly quiet?: true;
}

export function networkLsCommand(): Command {
  const command = new Command('ls')
    .summary('list networks')
    .description(
      'Lists private networks and, for each network, the number of machines that are connected at the moment.',
    )
    .option('-q, --quiet', 'print only names');
  return addFormatOptions(command, '{{.Name}} {{.Subnet}}').action(list);
}

export function networkInspectCommand(): Command {
  const command = new Command('inspect')
    .summary('show everything about networks as JSON')
    .description(
      'Shows everything about networks as JSON: the machines, their addresses, and the partitions. While a machine of the ' +
        'network runs, the output also contains traffic counters.',
    )
    .argument('<networks...>', 'names of the networks');
  return addFormatOptions(command, '{{.Name}} {{.Subnet}}').action(inspect);
}

async function list(flags: Flags): Promise<void> {
  const store = new NetworkStore();
  if (flags.quiet && !flags.json && flags.format === undefined) {
    printLines(store.names());
    return;
  }
  const listed = await store.list();
  const networks = listed.filter(isSound);
  const broken = listed.filter((one) => !isSound(one));
  if (printRecords(flags, 'networks', networks, { broken })) return;
  process.stdout.write(table([['NAME', 'SUBNET', 'MTU', 'MEMBERS', 'RUNNING'], ...networks.map(cellsOf)]));
  for (const one of broken) if ('problem' in one) note(`${one.name}: ${one.problem}`);
}

function isSound(network: ListedNetwork): network is PrivateNetwork {
  return !('problem' in network);
}

function cellsOf({ name, subnet, mtu, members }: PrivateNetwork): string[] {
  const plugged = members.filter((member) => member.plugged).length;
  return [name, subnet, String(mtu), String(members.length), String(plugged)];
}

async function inspect(names: string[], flags: FormatFlags): Promise<void> {
  const store = new NetworkStore();
  const networks: PrivateNetwork[] = [];
  for (const name of names) {
    try {
      networks.push(await store.get(name));
    } catch (error) {
      process.exitCode = reportError(error);
    }
  }
  printRecords({ format: 'json', ...flags }, 'networks', networks);
}
