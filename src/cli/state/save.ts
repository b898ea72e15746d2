import { Command } from 'commander';
import { eachMachine } from '../session/each-machine.ts';
import { ProgressLine } from '../output/progress.ts';

export function saveCommand(): Command {
  return new Command('save')
    .description(
      'Writes the memory of machines to files and ends them. `vmlet start` (or restore) goes on where they were; ' +
        'connections to the outside are lost.',
    )
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) => {
      const progress = new ProgressLine();
      try {
        await eachMachine(names, async (machine, signal) => {
          await machine.live().save({
            signal,
            onProgress: ({ doneBytes, totalBytes }) => {
              const percent = totalBytes > 0 ? Math.round((100 * doneBytes) / totalBytes) : 0;
              progress.show(`saving ${machine.name}: ${percent} %`);
            },
          });
          progress.clear();
        });
      } finally {
        progress.clear();
      }
    });
}

export function restoreCommand(): Command {
  return new Command('restore')
    .description('Goes on with the saved memory of machines, as `vmlet start` does where there is some.')
    .argument('<machines...>', 'their names')
    .action(async (names: string[]) => {
      await eachMachine(names, async (machine, signal) => machine.restore({ signal }));
    });
}
