import { Command } from 'commander';
import { MachineStore } from '../../machines/index.ts';
import { ProgressLine } from '../output/progress.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printLine } from '../output/say.ts';

export function cloneCommand(): Command {
  return new Command('clone')
    .description(
      'Copies a stopped machine. The clone gets its own MAC address, UUID, TPM, login key for vmlet ssh, and host ports. At ' +
        'the first start of the clone, its guest gets a new machine id, host name and ssh host keys.',
    )
    .argument('<machine>', 'machine to clone')
    .argument('<name>', 'name of the clone')
    .option(
      '--linked',
      'share the current contents of the disks with the original machine instead of copying them; fast, and takes almost no space',
    )
    .action(async (name: string, newName: string, flags: { linked?: true }) => {
      const progress = new ProgressLine();
      try {
        progress.show(`cloning ${name}…`);
        await untilInterrupted(async (signal) =>
          new MachineStore().get(name).clone(newName, { linked: flags.linked ?? false, signal }),
        );
      } finally {
        progress.clear();
      }
      printLine(newName);
    });
}
