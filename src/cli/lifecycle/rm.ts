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
      'Removes machines with their UEFI variables, TPM state, keys and logs. The disks are kept and their paths are ' +
        'printed. --storage deletes the disks too, including your own files to which the machine wrote directly (--adopt); ' +
        'your other files, from which the machine only read, are always kept.',
    )
    .argument('[machines...]', 'names of the machines')
    .option('-a, --all', 'remove all machines; running machines only with --force')
    .option('--storage', 'delete the disks too (default: keep them)')
    .option('-f, --force', 'power off running machines; ignore protection and names that do not exist')
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
