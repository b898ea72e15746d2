import { Command } from 'commander';
import { MachineNotFoundError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { NOTHING_DONE, eachName, namedOrAll } from '../session/each-machine.ts';
import { note } from '../output/say.ts';

interface Flags {
  readonly all?: true;
  readonly storage?: true;
  readonly force?: true;
}

export function rmCommand(): Command {
  return new Command('rm')
    .description(
      'Removes machines with their NVRAM, TPM, keys and logs. Their disks are kept, and it is said where; with ' +
        '--storage they go too, adopted files included. A file that others stand on stays.',
    )
    .argument('[machines...]', 'their names')
    .option('-a, --all', 'all of them; one that runs only with --force')
    .option('--storage', 'remove their disks too')
    .option('-f, --force', 'power off one that runs, ignore protection and names that do not exist')
    .action(async (names: string[], flags: Flags) => {
      const store = new MachineStore();
      await eachName(
        namedOrAll(names, flags, () => true),
        async (name) => {
          try {
            const { keptDisks } = await store.remove(name, {
              storage: flags.storage ?? false,
              force: flags.force ?? false,
            });
            for (const path of keptDisks) note(`kept the disk ${path}`);
            return undefined;
          } catch (error) {
            if (!flags.force || !(error instanceof MachineNotFoundError)) throw error;
            return NOTHING_DONE;
          }
        },
      );
    });
}
