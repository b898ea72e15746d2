import { Command, Option } from 'commander';
import { MachineNotFoundError } from '../../errors/index.ts';
import { MachineStore, VolumeStore } from '../../machines/index.ts';
import { NOTHING_DONE, eachName, namedOrAll } from '../session/each-machine.ts';
import { note } from '../output/say.ts';

interface Flags {
  readonly all?: true;
  readonly storage?: true;
  readonly volumes?: true;
  readonly force?: true;
  /** Given by the removal of a machine that was created with --rm. */
  readonly id?: string;
}

export function rmCommand(): Command {
  return new Command('rm')
    .description(
      'Removes machines with their UEFI variables, saved memory, TPM state, keys and logs. Keeps the disks, and prints ' +
        'their paths; only the disk that vmlet run --detach made for its command is deleted. With --storage, deletes all ' +
        'disks, including your own files that the machine used directly (--adopt). Your other files, which the machine ' +
        'only read, are always kept. Volumes outlive their machines, unless you give --volumes.',
    )
    .argument('[machines...]', 'names of the machines')
    .option('-a, --all', 'remove all machines; running machines only with --force')
    .option('--storage', 'delete the disks too (default: keep them)')
    .option('-v, --volumes', 'remove their volumes too, except those that other machines use')
    .option('-f, --force', 'also remove running and protected machines; ignore names that do not exist')
    .addOption(new Option('--id <id>', 'remove only the machine with this ID').hideHelp())
    .action(async (names: string[], flags: Flags) => {
      const store = new MachineStore();
      const usedByOthers = new Set<string>();
      await eachName(
        namedOrAll(names, flags, () => true),
        async (name) => {
          try {
            const { discardedMemory, keptDisks, keptVolumes } = await store.remove(name, {
              storage: flags.storage ?? false,
              volumes: flags.volumes ?? false,
              force: flags.force ?? false,
              id: flags.id,
            });
            if (discardedMemory) note(`the saved memory of ${name} was discarded`);
            for (const path of keptDisks) note(`kept the disk ${path}`);
            if (!flags.volumes) return undefined;
            if (!keptVolumes) {
              note(`the volumes of ${name} are not known, and were kept: vmlet volume ls`);
              return undefined;
            }
            for (const { name: volume, error } of keptVolumes) {
              if (error === undefined) usedByOthers.add(volume);
              else note(`removed ${name}, but kept its volume ${volume}`);
            }
            const failed = keptVolumes.find(({ error }) => error !== undefined);
            if (failed) throw failed.error;
            return undefined;
          } catch (error) {
            if (!flags.force || !(error instanceof MachineNotFoundError)) throw error;
            return NOTHING_DONE;
          }
        },
      );
      // The last of several machines has removed the volume that they shared.
      const left = new VolumeStore().names().filter((name) => usedByOthers.has(name));
      for (const name of left) note(`kept the volume ${name}, which another machine uses`);
    });
}
