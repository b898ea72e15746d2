import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatEndpoint } from '../../public/format.ts';
import { type ListedForward, MachineStore } from '../../machines/index.ts';
import { refuseSynonyms } from '../help/unknown-command.ts';
import { PASST_RESTART } from '../output/passt-restart.ts';
import type { SocketForward } from '../../index.ts';
import { table } from '../output/table.ts';
import { isMachineName } from '../session/each-machine.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson } from '../output/say.ts';

const RESTART = 'passt without a working pesto (the program that changes its forwards) is restarted';
const EFFECT = 'This ends all connections of the guest through passt; vmlet prints a message first.';
const BACKENDS =
  `A running machine gets the forwards immediately. Open connections continue, except in one case: ${RESTART} if a UDP ` +
  'port is added, vmlet’s agent in the guest does not answer, or more than 32 forwards would go through the agent. ' +
  `${EFFECT} Until the next start, a TCP port that the agent forwards leads to 127.0.0.1 in the guest.`;
const REMOVAL =
  `A running machine loses the forwards immediately. Other connections continue, except in one case: ${RESTART} if it ` +
  `forwards one of the ports. ${EFFECT} TCP ports that were added since the start are usually forwarded by vmlet’s agent.`;

export function portCommand(): Command {
  const port = new Command('port').description('Manages the host ports that are forwarded to machines.');
  port
    .command('add')
    .summary('forward more ports')
    .description(`Forwards more ports. ${BACKENDS}`)
    .argument('<machine>', 'name of the machine')
    .argument(
      '<ports...>',
      '[[ip:][host]:]guest[/tcp|udp], where host and guest are ports or port ranges; or a unix socket: /path/to.sock:guest',
    )
    .option('--json', 'print JSON')
    .action(add);
  port
    .command('rm')
    .summary('remove forwards')
    .description(`Removes forwards. ${REMOVAL}`)
    .argument('<machine>', 'name of the machine')
    .argument(
      '[ports...]',
      'host port such as 8080, 8080/udp or 127.0.0.1:8080/tcp, path of a unix socket, or the complete forward, written as for vmlet port add',
    )
    .option('--all', 'remove all forwards but the one that vmlet itself adds for ssh')
    .action(remove);
  port
    .command('ls', { isDefault: true })
    .summary('list the forwards')
    .description('Lists the forwards. The word ls is optional.')
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  refuseSynonyms(port, isMachineName);
  return port;
}

async function add(name: string, ports: string[], flags: { json?: true }): Promise<void> {
  const added = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).addPorts(ports, { signal, onPasstRestart }),
  );
  print(added, flags);
}

async function remove(name: string, ports: string[], flags: { all?: true }): Promise<void> {
  if (ports.length === 0 && !flags.all) {
    throw new InvalidInputError('ports', 'missing', { hint: 'give host ports, or --all' });
  }
  if (ports.length > 0 && flags.all) {
    throw new InvalidInputError('--all', 'cannot be used together with ports', {
      hint: 'leave out --all or the ports',
    });
  }
  await untilInterrupted(async (signal) =>
    new MachineStore().get(name).removePorts(flags.all ? undefined : ports, { signal, onPasstRestart }),
  );
}

function onPasstRestart(): void {
  note(PASST_RESTART);
}

function list(name: string, flags: { json?: true }): void {
  const machine = new MachineStore().get(name);
  print({ ports: machine.ports(), sockets: machine.sockets() }, flags);
}

interface Forwards {
  readonly ports: readonly ListedForward[];
  readonly sockets: readonly SocketForward[];
}

function print({ ports, sockets }: Forwards, { json }: { json?: true }): void {
  if (json) {
    printJson({ version: 1, ports, sockets });
    return;
  }
  const rows = ports.map(({ hostAddress, hostPort, guestPort, protocol, automatic }) => [
    hostPort === undefined
      ? `${hostAddress}, port chosen at start`
      : formatEndpoint(hostAddress, hostPort, protocol),
    `${guestPort}/${protocol}${automatic ? ', for ssh, added by vmlet' : ''}`,
  ]);
  const paths = sockets.map(({ path, guestPort }) => [path, `${guestPort}/tcp`]);
  process.stdout.write(table([['HOST', 'GUEST'], ...rows, ...paths]));
}
