import { Command } from 'commander';
import { VolumeNotFoundError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import { type ListedVolume, VolumeStore } from '../../machines/index.ts';
import { confirm } from '../output/confirm.ts';
import { type FormatFlags, addFormatOptions, printEach, printRecords } from '../output/record-format.ts';
import { reportError } from '../output/report-error.ts';
import { note, printLine } from '../output/say.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function volumeCommand(): Command {
  const volume = new Command('volume').description(
    'Manages volumes: named file systems that machines mount, and that are kept when machines are removed.',
  );
  const ls = volume
    .command('ls')
    .summary('list the volumes and their users')
    .description('Lists the volumes, their disk usage on the host, and the machines that use them.')
    .option('-q, --quiet', 'print only names');
  addFormatOptions(ls, '{{.Name}} {{.HostBytes}}').action(list);
  volume
    .command('create')
    .summary('create a volume')
    .description(
      'Creates a volume: a disk with an ext4 file system. vmlet run -v NAME:DST creates volume NAME too, if it does not exist.',
    )
    .argument('<name>', 'name of the new volume')
    .option('--size <size>', 'maximum size; only written data takes space on the host', '10G')
    .action(create);
  const inspect = volume
    .command('inspect')
    .summary('show everything about volumes as JSON')
    .description('Shows everything about volumes as JSON.')
    .argument('<volumes...>', 'names of the volumes');
  addFormatOptions(inspect, '{{.Name}} {{.Path}}').action((names: string[], flags: FormatFlags) => {
    const store = new VolumeStore();
    printEach(names, (name) => store.get(name), flags, 'volumes');
  });
  volume
    .command('rm')
    .summary('remove volumes')
    .description(
      'Removes volumes with their contents. A volume that a machine uses is not removed, even if the machine is stopped; ' +
        'the error names the machine.',
    )
    .argument('<volumes...>', 'names of the volumes')
    .option('-f, --force', 'ignore volumes that do not exist')
    .action(remove);
  volume
    .command('prune')
    .summary('remove volumes that no machine uses')
    .description(
      'Removes the volumes that no machine uses, with their contents. Prints the names of the removed volumes.',
    )
    .option('--dry-run', 'only print what would be removed')
    .option('-f, --force', 'do not ask for confirmation; vmlet asks only on a terminal')
    .action(prune);
  return volume;
}

function list({ quiet, ...flags }: FormatFlags & { readonly quiet?: true }): void {
  const volumes = new VolumeStore().list();
  if (printRecords(flags, 'volumes', volumes)) return;
  if (quiet) {
    for (const { name } of volumes) printLine(name);
    return;
  }
  const rows = volumes.map((volume) => [
    volume.name,
    formatBytes(volume.sizeBytes),
    formatBytes(volume.hostBytes),
    usersOf(volume),
  ]);
  process.stdout.write(table([['NAME', 'SIZE', 'ON HOST', 'USED BY'], ...rows], { numbers: [1, 2] }));
}

function usersOf({ machines, processes }: ListedVolume): string {
  return [
    ...machines.map(({ name, readOnly }) => `${name}${readOnly ? ' (read-only)' : ''}`),
    ...processes.map((pid) => `process ${pid}`),
  ].join(', ');
}

async function create(name: string, { size }: { readonly size: string }): Promise<void> {
  const volume = await untilInterrupted(async (signal) => new VolumeStore().create(name, { size, signal }));
  printLine(volume.name);
}

async function remove(names: string[], { force }: { readonly force?: true }): Promise<void> {
  const store = new VolumeStore();
  for (const name of names) {
    try {
      await store.remove(name);
      printLine(name);
    } catch (error) {
      if (force && error instanceof VolumeNotFoundError) continue;
      process.exitCode = reportError(error);
    }
  }
}

async function prune({ dryRun, force }: { readonly dryRun?: true; readonly force?: true }): Promise<void> {
  const store = new VolumeStore();
  await untilInterrupted(async (signal) => {
    const unused = await store.prune({ dryRun: true });
    const asks = !dryRun && !force && unused.length > 0;
    const names = unused.map(({ name }) => name).join(', ');
    if (asks && !(await confirm(`Permanently delete these volumes and their contents: ${names}?`, signal)))
      return;
    const removed = dryRun ? unused : await store.prune({ only: unused });
    for (const { name } of removed) printLine(name);
    const bytes = removed.reduce((sum, { hostBytes }) => sum + hostBytes, 0);
    const amount = `${removed.length} ${removed.length === 1 ? 'volume' : 'volumes'}, ${formatBytes(bytes)}`;
    note(`${dryRun ? 'would remove' : 'removed'} ${amount}`);
  });
}
