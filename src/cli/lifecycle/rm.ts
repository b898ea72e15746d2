import { Command } from 'commander';
import { MachineStore } from '../../machines/index.ts';
import { eachName } from '../session/each-machine.ts';

interface Flags {
  readonly storage?: true;
  readonly force?: true;
}

export function rmCommand(): Command {
  return new Command('rm')
    .description(
      'Removes machines with their NVRAM, TPM, keys and logs. Their disks are kept, and it is said where; with ' +
        '--storage they go too, adopted files included. A file that others stand on stays.',
    )
    .argument('<machines...>', 'their names')
    .option('--storage', 'remove their disks too')
    .option('-f, --force', 'pull the plug of one that runs, and do not heed protection')
    .action(async (names: string[], flags: Flags) => {
      const store = new MachineStore();
      await eachName(names, async (name) => {
        const { keptDisks } = await store.remove(name, {
          storage: flags.storage ?? false,
          force: flags.force ?? false,
        });
        for (const path of keptDisks) process.stderr.write(`vmlet: kept the disk ${path}\n`);
      });
    });
}
