import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { printLine } from '../output/say.ts';

interface Flags {
  readonly print?: true;
  readonly remove?: true;
}

export function sshConfigCommand(): Command {
  return new Command('ssh-config')
    .description(
      'Adds one line to ~/.ssh/config, so that plain ssh, scp, rsync and editors know machines as NAME.vmlet. A machine ' +
        'is known from its first start on. The first connection is best made by vmlet ssh, which lets the key in.',
    )
    .option('--print', 'print the line, and change nothing')
    .option('--remove', 'take the line out')
    .action(sshConfig);
}

async function sshConfig(flags: Flags): Promise<void> {
  const store = new MachineStore();
  if (flags.print && flags.remove) {
    throw new InvalidInputError('remove', 'is not for --print');
  }
  if (flags.print) {
    printLine((await store.sshInclude()).line);
    return;
  }
  const { line, path, changed } = await (flags.remove ? store.removeSshInclude() : store.addSshInclude());
  if (flags.remove) printLine(changed ? `removed from ${path}: ${line}` : `${path} has no such line`);
  else printLine(changed ? `added to ${path}: ${line}` : `${path} includes the machines already`);
}
