import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { MachineNotFoundError } from '../../errors/index.ts';
import type { MachineStore, NamedMachine } from '../../machines/index.ts';
import { QmpClient, QmpSchema, formatLossless, generateTypes, introspect } from '../../qmp/index.ts';
import { parseArguments } from './qmp-arguments.ts';
import { interactiveShell, pipedShell, reply } from './qmp-shell.ts';
import { durationMs } from '../flags/flag-values.ts';
import { note, printJsonText } from '../output/say.ts';
import { isOnTerminal } from '../session/terminal.ts';

interface QmpFlags {
  readonly json?: true;
  readonly timeout?: number;
}

/** `vmlet qmp`: a shell for any QMP monitor socket, single commands, and types for a QEMU binary. */
export function qmpCommand(): Command {
  const command = new Command('qmp')
    .description(
      'Sends QMP commands to the QEMU of a machine, or to a QMP socket. Without COMMAND, starts an interactive shell ' +
        'on a terminal; without a terminal, reads commands from stdin, one per line.',
    )
    .argument('<machine>', 'name of the machine, or path of a QMP socket')
    .argument('[command]', 'QMP command, such as query-status (default: read commands from stdin)')
    .argument('[arguments...]', 'arguments of the QMP command: key=value, nested.key=value or a JSON object')
    .option('--json', 'print the reply or error as one line of JSON')
    .option('--timeout <time>', 'time limit for each QMP command (default: none)', durationMs)
    .action(talk);
  command
    .command('types')
    .summary('print TypeScript types for the QMP commands and events of a QEMU binary')
    .description('Prints TypeScript types for all QMP commands and events of a QEMU binary.')
    .requiredOption('--qemu <program>', 'QEMU program, such as qemu-system-x86_64')
    .action(printTypes);
  return command;
}

/** Uses the machine's monitor for long work, so that vmlet's own commands are not delayed. */
async function monitorPath(nameOrPath: string): Promise<string> {
  if (nameOrPath.includes('/')) return nameOrPath;
  const { MachineStore } = await import('../../machines/index.ts');
  const store = new MachineStore();
  // A socket in the working directory needs no slash unless a machine has that name.
  if (!store.names().includes(nameOrPath) && existsSync(nameOrPath)) return nameOrPath;
  return machineNamed(nameOrPath, store).live().files.shellSocket;
}

function machineNamed(name: string, store: MachineStore): NamedMachine {
  try {
    return store.get(name);
  } catch (error) {
    if (!(error instanceof MachineNotFoundError)) throw error;
    throw new MachineNotFoundError(name, {
      hint: 'to list machines: vmlet ls; to use a QMP socket, give its path, such as ./qmp.sock',
      cause: error,
    });
  }
}

async function talk(
  nameOrPath: string,
  name: string | undefined,
  words: readonly string[],
  flags: QmpFlags,
): Promise<void> {
  const path = await monitorPath(nameOrPath);
  await using client = await QmpClient.connect(path, { timeoutMs: flags.timeout });
  if (name === undefined) {
    await (isOnTerminal() ? interactiveShell(client, path) : pipedShell(client));
    return;
  }
  const schema = new QmpSchema(words.length === 0 ? [] : await client.execute('query-qmp-schema'));
  const answer = await reply(client, { command: name, args: parseArguments(name, words, schema) });
  if (flags.json) printJsonText(formatLossless(answer));
  else if ('return' in answer) printJsonText(formatLossless(answer.return, 2));
  else note(`${name} failed: ${answer.error.desc}`);
}

async function printTypes(flags: { readonly qemu: string }): Promise<void> {
  const { schema, source } = await introspect(flags.qemu);
  process.stdout.write(generateTypes(schema, source));
}
