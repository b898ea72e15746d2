import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatEndpoint } from '../../public/format.ts';
import { MachineStore } from '../../machines/index.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printJson } from '../output/say.ts';

const BACKENDS =
  'On a running machine this takes effect immediately. With slirp, open connections survive. passt is restarted: the ' +
  'guest’s connections end, and its host ports are closed for a few milliseconds.';

export function portCommand(): Command {
  const port = new Command('port').description('Manages the host ports that are forwarded to machines.');
  port
    .command('add')
    .summary('forward more ports')
    .description(`Forwards more ports. ${BACKENDS}`)
    .argument('<machine>', 'name of the machine')
    .argument('<ports...>', '[[ip:][host]:]guest[/tcp|udp], ranges too')
    .option('--json', 'print JSON')
    .action(add);
  port
    .command('rm')
    .summary('remove forwards')
    .description(`Removes forwards. ${BACKENDS}`)
    .argument('<machine>', 'name of the machine')
    .argument('[ports...]', 'host ports, or forwards as given to vmlet port add')
    .option('--all', 'remove all forwards')
    .action(remove);
  port
    .command('ls', { isDefault: true })
    .summary('list the forwards')
    .description('Lists the forwards. The word ls may be left out.')
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  return port;
}

type Forward = ReturnType<ReturnType<MachineStore['get']>['ports']>[number];

async function add(name: string, ports: string[], flags: { json?: true }): Promise<void> {
  const added = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).addPorts(ports, { signal }),
  );
  print(added, flags);
}

async function remove(name: string, ports: string[], flags: { all?: true }): Promise<void> {
  if (ports.length === 0 && !flags.all) {
    throw new InvalidInputError('ports', 'missing', { hint: 'give host ports, or --all' });
  }
  await untilInterrupted(async (signal) =>
    new MachineStore().get(name).removePorts(flags.all ? undefined : ports, { signal }),
  );
}

function list(name: string, flags: { json?: true }): void {
  print(new MachineStore().get(name).ports(), flags);
}

function print(forwards: readonly Forward[], { json }: { json?: true }): void {
  if (json) {
    printJson({ version: 1, ports: forwards });
    return;
  }
  const rows = forwards.map(({ hostAddress, hostPort, guestPort, protocol }) => [
    hostPort === undefined
      ? `${hostAddress}, chosen at start`
      : formatEndpoint(hostAddress, hostPort, protocol),
    `${guestPort}/${protocol}`,
  ]);
  process.stdout.write(table([['HOST', 'GUEST'], ...rows]));
}
