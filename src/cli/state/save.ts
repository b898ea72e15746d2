import { Command } from 'commander';
import { sayOutsideUnit, sayStarted } from '../lifecycle/start.ts';
import { eachMachine } from '../session/each-machine.ts';
import { ProgressLine } from '../output/progress.ts';

export function saveCommand(): Command {
  return new Command('save')
    .description(
      'Saves the memory of machines to disk and powers them off. vmlet start or vmlet restore resumes them; network ' +
        'connections are lost.',
    )
    .argument('<machines...>', 'names of the machines')
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
    .description(
      'Resumes machines from their saved memory. Unlike vmlet start, vmlet restore fails for a machine without saved memory.',
    )
    .argument('<machines...>', 'names of the machines')
    .action(async (names: string[]) => {
      await eachMachine(names, async (machine, signal) => {
        sayStarted(await machine.restore({ signal }));
        await sayOutsideUnit(machine);
      });
    });
}
