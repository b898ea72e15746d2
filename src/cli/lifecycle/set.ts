import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { type MachineChanges, MachineStore } from '../../machines/index.ts';
import { changeFlags } from '../../public/named-options.ts';
import { eachMachine } from '../session/each-machine.ts';
import { collect } from '../flags/flag-values.ts';
import { addOptionFlags, givenOptions } from '../flags/option-flags.ts';
import { table } from '../output/table.ts';
import { note, printJson, printLine } from '../output/say.ts';

interface Flags {
  readonly unlabel?: readonly string[];
  readonly installer?: boolean;
  readonly json?: true;
}

export function setCommand(): Command {
  const command = new Command('set')
    .description(
      'Changes the settings of a machine, and prints when each change takes effect: now, or at the next start.',
    )
    .argument('<machine>', 'name of the machine');
  return addOptionFlags(command, changeFlags)
    .option('--no-tpm', 'remove the TPM; its state stays on the host until the machine is removed')
    .option('--unlabel <key>', 'remove a label', collect)
    .option('--no-installer', 'from now on, boot from the disk instead of the installer of --location')
    .option('--json', 'print JSON')
    .action(set);
}

export function protectCommand(): Command {
  return new Command('protect')
    .description('Protects machines from removal.')
    .argument('<machines...>', 'names of the machines')
    .option('--off', 'remove the protection')
    .action(async (names: string[], { off }: { off?: true }) => {
      await eachMachine(names, async (machine) => {
        await machine.set({ protect: off !== true });
      });
    });
}

export function renameCommand(): Command {
  return new Command('rename')
    .description('Renames a stopped machine.')
    .argument('<machine>', 'name of the machine')
    .argument('<name>', 'new name')
    .action(async (name: string, newName: string) => {
      await new MachineStore().get(name).rename(newName);
      printLine(newName);
    });
}

async function set(name: string, flags: Flags): Promise<void> {
  const { unlabel = [], installer, json } = flags;
  const machine = new MachineStore().get(name);
  const { labels, ...others }: MachineChanges = givenOptions(changeFlags, flags);
  const relabelled = { ...labels, ...Object.fromEntries(unlabel.map((key) => [key, undefined])) };
  const changes: MachineChanges = {
    ...others,
    ...(Object.keys(relabelled).length > 0 && { labels: relabelled }),
    ...(installer === false && { installer }),
  };
  if (Object.keys(changes).length === 0) {
    throw new InvalidInputError('setting', 'missing', {
      hint: `give at least one, for example: vmlet set ${name} --memory 4G; vmlet set --help lists them`,
    });
  }
  const { spec, differences } = await machine.set(changes);
  if (json) {
    printJson({ version: 1, spec, differences });
    return;
  }
  if (differences.length === 0) {
    note(`nothing changed: machine "${name}" already has these settings`);
    return;
  }
  const rows = differences.map(({ field, from, to, takesEffect }) => [field, from, to, takesEffect]);
  process.stdout.write(table([['FIELD', 'FROM', 'TO', 'TAKES EFFECT'], ...rows]));
  if (
    machine.status().kind === 'running' &&
    differences.some(({ takesEffect }) => takesEffect === 'next start')
  ) {
    note(`machine "${name}" is running; to apply all changes now, run: vmlet restart ${name}`);
  }
}
