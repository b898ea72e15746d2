import { Command } from 'commander';
import { UserManagerUnavailableError } from '../../errors/index.ts';
import { userName } from '../../util/user-name.ts';
import { note, printLine } from '../output/say.ts';

export function systemdCommand(): Command {
  const systemd = new Command('systemd').description(
    'Lets systemd start a machine with the user’s services, stop it gracefully and start it anew where it fails.',
  );
  systemd
    .command('install <machine>')
    .description('write the unit and enable it')
    .addHelpText('after', '\nWhere no user manager runs, the unit is printed and the exit status is 125.')
    .action(install);
  systemd.command('print <machine>').description('print the unit').action(print);
  systemd
    .command('uninstall <machine>')
    .description('disable the unit and remove it; the machine stays as it is')
    .action(uninstall);
  return systemd;
}

async function install(machine: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const named = new MachineStore().get(machine);
  try {
    const { name, path, lingering } = await named.installSystemdUnit();
    printLine(path);
    note(`${name} is enabled; systemctl --user start ${name} starts it now`);
    if (lingering !== true) {
      note(
        'it starts when you log in and stops after your last logout; to have it from boot on:',
        `loginctl enable-linger ${userName()}`,
      );
    }
  } catch (error) {
    if (error instanceof UserManagerUnavailableError) {
      const { path, text } = await named.systemdUnit();
      note(`this is the unit, which belongs to ${path}`);
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
