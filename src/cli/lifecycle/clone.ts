import { Command } from 'commander';
import { MachineStore } from '../../machines/index.ts';
import { ProgressLine } from '../output/progress.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { printLine } from '../output/say.ts';

export function cloneCommand(): Command {
  return new Command('clone')
    .description(
      'Makes a machine like one that does not run, with a MAC, UUID, TPM and keys of its own. Host ports are chosen ' +
        'anew. When it first starts, its guest gets another machine id and other host keys.',
    )
    .argument('<machine>', 'what to clone')
    .argument('<name>', "the clone's name")
    .option('--linked', 'let both stand on what the disks hold now: quick, and it takes no room')
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
