import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { note, printLine } from '../output/say.ts';

interface Flags {
  readonly print?: true;
  readonly remove?: true;
}

export function sshConfigCommand(): Command {
  return new Command('ssh-config')
    .description(
      'Adds one line to ~/.ssh/config, so that ssh, scp, rsync and editors reach machines as NAME.vmlet, and members of ' +
        'private networks as NAME.NETWORK. If ssh asks for a password, run vmlet ssh NAME once: it authorizes the login key.',
    )
    .option('--print', 'print the line and change nothing')
    .option('--remove', 'remove the line')
    .action(sshConfig);
}

async function sshConfig(flags: Flags): Promise<void> {
  const store = new MachineStore();
  if (flags.print && flags.remove) {
    throw new InvalidInputError('remove', 'cannot be used together with --print', {
      hint: 'leave out --remove or --print',
    });
  }
  if (flags.print) {
    printLine((await store.sshInclude()).line);
    return;
  }
  const { line, path, changed } = await (flags.remove ? store.removeSshInclude() : store.addSshInclude());
  if (flags.remove) printLine(changed ? `removed from ${path}: ${line}` : `not in ${path}: ${line}`);
  else {
    printLine(changed ? `added to ${path}: ${line}` : `already in ${path}: ${line}`);
    note(
      'to connect to machine NAME for the first time, run: vmlet ssh NAME; after that, ssh NAME.vmlet works too',
    );
  }
}
