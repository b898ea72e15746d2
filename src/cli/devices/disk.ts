import { Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import { type DiskChanges, type ListedDisk, MachineStore, type NamedMachine } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { nameFlag } from '../flags/option-flags.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

export function diskCommand(): Command {
  const disk = new Command('disk').description('Manages disks of stopped and running machines.');
  disk
    .command('ls')
    .summary('list the disks of a machine')
    .description('Lists the disks of a machine, with their size and the space that they use on the host.')
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  disk
    .command('add')
    .summary('add a disk')
    .description(
      'Adds a disk. A running machine gets the disk immediately, but vmlet cannot tell whether the guest has detected ' +
        'the disk. vmlet does not write to FILE: the guest’s changes go to a new file, which needs FILE as it is, so do ' +
        'not change FILE. With adopt, the guest writes to FILE itself. Use trusted only for a FILE that you trust: a trusted ' +
        'FILE may have a backing file, and contents that look like another format. If the machine is running and vmlet ' +
        'restricts QEMU to the files of the machine (see vmlet doctor), FILE must be on the same file system as the ' +
        'machine’s directory, because vmlet creates a hard link to FILE in that directory.',
    )
    .argument('<machine>', 'name of the machine')
    .argument(
      '<disk>',
      'SIZE of an empty disk, such as 20G, or FILE[,format=qcow2|raw][,trusted][,readonly|,adopt]; SIZE and FILE also accept [,cache=none|unsafe][,nodiscard]',
    )
    .option('--json', 'print JSON')
    .action(add);
  disk
    .command('rm')
    .summary('remove a disk')
    .description(
      'Removes a disk from a machine. If the machine is running, first stop using the disk in the guest (umount, ' +
        'swapoff): vmlet waits until the guest releases the disk; a paused machine has to be resumed first. The file of the ' +
        'disk is kept and its path is printed; --storage deletes the file. Backing files that you created, or that another disk uses, are always kept.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('<disk-name>', 'name of the disk (see vmlet disk ls)')
    .option(
      '--storage',
      'also delete the file of the disk, even if you added the file with adopt (default: keep the file)',
    )
    .option(
      '-t, --timeout <time>',
      'how long to wait for the guest to release the disk (default: 30s)',
      durationMs,
    )
    .action(remove);
  disk
    .command('resize')
    .summary('resize a disk')
    .description(
      'Resizes a disk. The guest sees the new size; to use the new space, enlarge the file systems in the guest.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('<disk-name>', 'name of the disk (see vmlet disk ls)')
    .argument('<size>', 'new size such as 30G, or increment such as +10G')
    .option('--shrink', 'allow a smaller size; data beyond the new size is lost')
    .action(resize);
  const set = disk
    .command('set')
    .summary('change the options of a disk')
    .description('Changes the options of a disk. The change takes effect at the next start of the machine.')
    .argument('<machine>', 'name of the machine')
    .argument('<disk-name>', 'name of the disk (see vmlet disk ls)')
    .addOption(
      new Option(
        '--cache <kind>',
        'cache mode: none bypasses the host’s cache; unsafe is fast, but loses data if the host crashes',
      ).choices(['writeback', 'none', 'unsafe']),
    )
    .option('--discard', 'when the guest discards blocks (TRIM), free their space on the host')
    .option('--no-discard', 'when the guest discards blocks (TRIM), keep their space in use on the host')
    .option('--readonly', 'do not allow the guest to write')
    .option('--no-readonly', 'allow the guest to write')
    .action(setOptions);
  nameFlag(set, 'readOnly', '--no-readonly');
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
    table([['NAME', 'FORMAT', 'SIZE', 'ON HOST', 'USE', 'PORT', 'FILE', 'BACKING FILE'], ...rows], {
      numbers: [2, 3],
    }),
  );
}

function size(bytes: number | undefined): string {
  return bytes === undefined ? '' : formatBytes(bytes);
}

export function usage({
  nextStart,
  ...now
}: Pick<ListedDisk, 'cache' | 'discard' | 'readOnly' | 'nextStart'>): string {
  return nextStart ? `${wordsOf(now)}; next start: ${wordsOf(nextStart)}` : wordsOf(now);
}

function wordsOf({ cache, discard, readOnly }: NonNullable<ListedDisk['nextStart']>): string {
  return [cache, ...(discard ? [] : ['no discard']), ...(readOnly ? ['read-only'] : [])].join(', ');
}

async function add(name: string, text: string, { json }: { json?: true }): Promise<void> {
  const store = new MachineStore();
  const added = await untilInterrupted(async (signal) => store.get(name).addDisk(text, { signal }));
  if (json) {
    printJson({ version: 1, disk: added });
    return;
  }
  printLine(added.name);
  if (added.port !== undefined) {
    const path = `/dev/disk/by-id/virtio-${added.name}`;
    note(
      `disk "${added.name}" is attached; its path in a guest with udev: ${path}; elsewhere its serial is ${added.name}`,
    );
  }
  await untilInterrupted(async (signal) => noteSnapshotsWithout(store.get(name), added.name, signal));
}

/** A disk that is not in a snapshot prevents its restoration. */
async function noteSnapshotsWithout(
  machine: NamedMachine,
  added: string,
  signal: AbortSignal,
): Promise<void> {
  const { name } = machine;
  try {
    const snapshots = await machine.snapshots({ signal });
    // A raw disk has no snapshots, and is not listed.
    const isRaw = machine.spec.disks.some(
      (disk) => disk.name === added && disk.format === 'raw' && !disk.readOnly,
    );
    const without = snapshots.filter(({ missingOn }) => isRaw || missingOn.includes(added));
    if (without.length === 0) return;
    const snapshotNames = without.map((snapshot) => JSON.stringify(snapshot.name)).join(', ');
    const subject =
      without.length === snapshots.length
        ? `the snapshots of ${name}`
        : `the snapshots ${snapshotNames} of ${name}`;
    note(`${subject} do not include it: before you restore one, remove it: vmlet disk rm ${name} ${added}`);
  } catch (error) {
    signal.throwIfAborted();
    // The disk is added nevertheless.
    note(`the snapshots of ${name} cannot be listed: ${(error as Error).message}`);
  }
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
  const machine = new MachineStore().get(name);
  const bytes = await untilInterrupted(async (signal) =>
    machine.resizeDisk(disk, wanted, { ...flags, signal }),
  );
  printLine(`${disk}: ${formatBytes(bytes)}`);
  if (!flags.shrink) sayUnusedSpace(machine, disk);
}

/** busybox has no program that enlarges a file system. */
export function sayUnusedSpace({ spec }: Pick<NamedMachine, 'spec'>, disk: string): void {
  if (spec.boot.kind !== 'image') return;
  note(
    `${spec.boot.image} cannot enlarge file systems: one that is on ${disk}, such as /data, keeps its size`,
    'for more space, add another disk, or create a machine with a larger --disk-size and copy the files to it',
  );
}

async function setOptions(
  name: string,
  disk: string,
  flags: { cache?: DiskChanges['cache']; discard?: boolean; readonly?: boolean },
): Promise<void> {
  const { cache, discard, readonly: readOnly } = flags;
  if (cache === undefined && discard === undefined && readOnly === undefined) {
    throw new InvalidInputError('disk set', 'missing option', {
      hint: 'give --cache, --discard, --no-discard, --readonly or --no-readonly',
    });
  }
  const machine = new MachineStore().get(name);
  await machine.setDisk(disk, { cache, discard, readOnly });
  printLine(disk);
  if (machine.status().kind !== 'running') return;
  note(`machine "${name}" is running; to apply the change now, run: vmlet restart ${name}`);
}
