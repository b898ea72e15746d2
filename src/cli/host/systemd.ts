import { Command } from 'commander';
import { UserManagerUnavailableError } from '../../errors/index.ts';
import { userName } from '../../util/system/user-name.ts';
import { note, printLine } from '../output/say.ts';

export function systemdCommand(): Command {
  const systemd = new Command('systemd').description(
    'Runs a machine as a systemd user service, which starts the machine, stops it gracefully, and restarts it on failure.',
  );
  systemd
    .command('install <machine>')
    .summary('create and enable the unit of a machine')
    .description('Creates and enables the systemd unit of a machine. Does not start the machine.')
    .addHelpText(
      'after',
      '\nIf the systemd user manager is not running, vmlet only prints the unit, and exits with status 125.',
    )
    .action(install);
  systemd.command('print <machine>').summary('print the unit').description('Prints the unit.').action(print);
  systemd
    .command('uninstall <machine>')
    .summary('disable and remove the unit')
    .description('Disables and removes the unit. The machine is not stopped or changed.')
    .action(uninstall);
  return systemd;
}

async function install(machine: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const named = new MachineStore().get(machine);
  try {
    const { name, path, lingering } = await named.installSystemdUnit();
    printLine(path);
    note(
      `enabled ${name}`,
      `to start the machine now (stop it first if it runs), run: systemctl --user start ${name}`,
    );
    if (lingering !== true) {
      note(
        'the machine starts when you log in, and stops after your last logout; to start it at boot instead, run:',
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
