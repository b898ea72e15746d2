import { Command, Option } from 'commander';
import { InvalidInputError, formatBytes } from '../../index.ts';
import { type DiskChanges, type ListedDisk, MachineStore } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

export function diskCommand(): Command {
  const disk = new Command('disk').description('The disks of machines, those that run too.');
  disk
    .command('ls')
    .description('list the disks, and what each takes on the host')
    .argument('<machine>', 'its name')
    .option('--json', 'print JSON')
    .action(list);
  disk
    .command('add')
    .description(
      'give a machine another disk. Where it runs it is plugged in at once; whether the guest has seen it, no one can ' +
        'tell from outside. A running QEMU that is confined takes a file from elsewhere only where the file can have a ' +
        'second name in its own directory',
    )
    .argument('<machine>', 'its name')
    .argument(
      '<disk>',
      'an empty one such as 20G, or FILE[,format=qcow2|raw][,trusted][,readonly|,adopt]; both take [,cache=none|unsafe][,nodiscard]',
    )
    .option('--json', 'print JSON')
    .action(add);
  disk
    .command('rm')
    .description(
      'take a disk from a machine. The guest of one that runs has to let go of it. The file is kept, and it is said ' +
        'where; a file that it only stands on always is',
    )
    .argument('<machine>', 'its name')
    .argument('<disk-name>', 'as in vmlet disk ls')
    .option('--storage', 'remove the file too, an adopted one included')
    .option('-t, --timeout <time>', 'what the guest gets to let go of it (default: 30s)', durationMs)
    .action(remove);
  disk
    .command('resize')
    .description('make a disk larger; the guest is told, and grows what is on it by itself')
    .argument('<machine>', 'its name')
    .argument('<disk-name>', 'as in vmlet disk ls')
    .argument('<size>', 'as in 30G, or +10G for so much more')
    .option('--shrink', 'allow a smaller size, which cuts off what is behind it')
    .action(resize);
  disk
    .command('set')
    .description('change how a disk is used, from the next start on')
    .argument('<machine>', 'its name')
    .argument('<disk-name>', 'as in vmlet disk ls')
    .addOption(
      new Option('--cache <kind>', 'none goes around the host’s cache; unsafe loses data in a crash').choices(
        ['writeback', 'none', 'unsafe'],
      ),
    )
    .option('--discard', 'give back to the host what the guest discards')
    .option('--no-discard', 'keep it')
    .option('--readonly', 'refuse what the guest writes')
    .option('--no-readonly', 'let it write')
    .action(set);
  return disk;
}

async function list(name: string, { json }: { json?: true }): Promise<void> {
  const machine = new MachineStore().get(name);
  const disks = await untilInterrupted(async (signal) => machine.disks({ signal }));
  if (json) {
    printJson({ version: 1, disks });
    return;
  }
  const runs = machine.status().kind === 'running';
  const rows = disks.map((disk) => [
    disk.name,
    disk.format,
    size(disk.virtualBytes),
    size(disk.actualBytes),
    usage(disk),
    disk.port ?? (runs ? 'next start' : ''),
    disk.problem ?? disk.path,
    disk.backingPath ?? '',
  ]);
  process.stdout.write(
    table([['NAME', 'FORMAT', 'SIZE', 'ON HOST', 'USE', 'PORT', 'FILE', 'STANDS ON'], ...rows], {
      numbers: [2, 3],
    }),
  );
}

function size(bytes: number | undefined): string {
  return bytes === undefined ? '' : formatBytes(bytes);
}

function usage({ cache, discard, readOnly }: ListedDisk): string {
  return [cache, ...(discard ? [] : ['no discard']), ...(readOnly ? ['read-only'] : [])].join(', ');
}

async function add(name: string, text: string, { json }: { json?: true }): Promise<void> {
  const added = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).addDisk(text, { signal }),
  );
  if (json) printJson({ version: 1, disk: added });
  else printLine(added.name);
  if (json || added.port === undefined) return;
  note(
    `${added.name} is plugged in; the guest finds it as /dev/disk/by-id/virtio-${added.name} when it looks`,
  );
}

async function remove(
  name: string,
  disk: string,
  flags: { storage?: true; timeout?: number },
): Promise<void> {
  const kept = await untilInterrupted(async (signal) =>
    new MachineStore()
      .get(name)
      .removeDisk(disk, { storage: flags.storage, timeoutMs: flags.timeout, signal }),
  );
  printLine(disk);
  for (const path of kept) note(`kept the disk ${path}`);
}

async function resize(name: string, disk: string, wanted: string, flags: { shrink?: true }): Promise<void> {
  const bytes = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).resizeDisk(disk, wanted, { ...flags, signal }),
  );
  printLine(`${disk}: ${formatBytes(bytes)}`);
}

async function set(
  name: string,
  disk: string,
  flags: { cache?: DiskChanges['cache']; discard?: boolean; readonly?: boolean },
): Promise<void> {
  const { cache, discard, readonly: readOnly } = flags;
  if (cache === undefined && discard === undefined && readOnly === undefined) {
    throw new InvalidInputError('changes', 'none was given', {
      hint: 'give --cache, --[no-]discard or --[no-]readonly',
    });
  }
  const machine = new MachineStore().get(name);
  await machine.setDisk(disk, { cache, discard, readOnly });
  printLine(disk);
  if (machine.status().kind !== 'running') return;
  note(`${name} runs; it has this after: vmlet restart ${name}`);
}
