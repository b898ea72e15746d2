import { Command } from 'commander';
import { UserManagerUnavailableError } from '../../errors/index.ts';
import { userName } from '../../util/user-name.ts';
import { note, printLine } from '../output/say.ts';

export function systemdCommand(): Command {
  const systemd = new Command('systemd').description(
    'Runs a machine as a systemd user service, which starts the machine, stops it gracefully, and restarts it on failure.',
  );
  systemd
    .command('install <machine>')
    .summary('write the unit and enable it')
    .description('Writes the unit and enables it.')
    .addHelpText(
      'after',
      '\nIf the systemd user manager is not running, the unit is only printed, and the exit status is 125.',
    )
    .action(install);
  systemd.command('print <machine>').summary('print the unit').description('Prints the unit.').action(print);
  systemd
    .command('uninstall <machine>')
    .summary('disable and remove the unit')
    .description('Disables and removes the unit. The machine itself does not change.')
    .action(uninstall);
  return systemd;
}

async function install(machine: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const named = new MachineStore().get(machine);
  try {
    const { name, path, lingering } = await named.installSystemdUnit();
    printLine(path);
    note(`enabled ${name}; to start it now, run: systemctl --user start ${name}`);
    if (lingering !== true) {
      note(
        'the machine starts at login and stops after the last logout; to start it at boot, run:',
        `loginctl enable-linger ${userName()}`,
      );
    }
  } catch (error) {
    if (error instanceof UserManagerUnavailableError) {
      const { path, text } = await named.systemdUnit();
      note(`save this unit as ${path}`);
      process.stdout.write(text);
    }
    throw error;
  }
}

async function print(machine: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const { text } = await new MachineStore().get(machine).systemdUnit();
  process.stdout.write(text);
}

async function uninstall(machine: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const { path } = await new MachineStore().uninstallSystemdUnit(machine);
  printLine(path);
}
