import { Command } from 'commander';
import { GROUPS, VERBS, loadVerb } from './commands.ts';

/** The whole command, of which only the verb that is asked for is loaded; the others are a name and a summary. */
export async function programFor(args: readonly string[], version: string): Promise<Command> {
  const program = new Command('vmlet')
    .description('Virtual machines the way podman runs containers: no libvirt, no daemon, no root.')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what there is)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vmlet: ')) })
    .exitOverride();
  program.addHelpCommand(
    new Command('help').argument('[command]').description('show the help of a command').helpGroup('Host:'),
  );
  const asked = verbIn(args);
  for (const group of GROUPS) {
    for (const [name, verb] of Object.entries(VERBS)) {
      if (verb.group !== group) continue;
      const command = (name === asked ? await loadVerb(name) : undefined) ?? new Command(name);
      inheritSettings(command, program);
      program.addCommand(command.summary(verb.summary).helpGroup(`${group}:`));
    }
  }
  return program;
}

/** The word that commander will take for the verb: none of the program's own flags has a value. */
function verbIn(args: readonly string[]): string | undefined {
  const [first, second] = args.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}
