import { Command } from 'commander';
import { formatBytes } from '../../public/format.ts';
import type { DiskUsage } from '../../index.ts';
import { describeAmount } from '../images/image-words.ts';
import { sumOf, usageRows } from '../images/usage-rows.ts';
import { pruneImages } from '../images/image-prune.ts';
import { confirm } from '../output/confirm.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

export function systemCommand(): Command {
  const system = new Command('system').description(
    'Shows the disk usage of vmlet’s data on this host, and removes unused data.',
  );
  system
    .command('df')
    .summary('show disk usage')
    .description(
      'Shows the disk usage of images, templates, machines and other data. ACTIVE counts the items in use. SIZE is the ' +
        'apparent size of the files, ON HOST the space they occupy, and RECLAIMABLE the space that vmlet system prune ' +
        '--all --disks would free. Snapshots are stored in the disks of machines, so the row Machines includes the space of Snapshots.',
    )
    .option('-v, --verbose', 'list each item')
    .option('--json', 'print JSON')
    .action(showUsage);
  system
    .command('prune')
    .summary('remove unused data')
    .description(
      'Removes interrupted downloads, leftovers of killed processes, booted guests that vmlet run keeps for later runs, and ' +
        'unused images without a name. With --all, also removes unused images that have names; with --disks, also deletes ' +
        'the disks that vmlet rm has kept and that nothing uses. Never removes machines, templates or volumes.',
    )
    .option('-a, --all', 'also remove unused images that have names')
    .option('--disks', 'also delete the unused disks of removed machines')
    .option('--dry-run', 'only print what would be removed')
    .option(
      '-f, --force',
      'with --all or --disks: do not ask for confirmation (without a terminal, vmlet never asks)',
    )
    .action(prune);
  return system;
}

async function showUsage({ verbose, json }: { verbose?: true; json?: true }): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const usage = await untilInterrupted(async (signal) => new ImageStore().diskUsage({ signal }));
  if (json) {
    printJson({ version: 1, usage: usageRows(usage) });
    return;
  }
  process.stdout.write(verbose ? eachTable(usage) : sumTable(usage));
}

const NUMBERS = [1, 2, 3, 4, 5];

function sumTable(usage: DiskUsage): string {
  const rows = Object.entries(usage).map(([kind, entries]) => {
    const { total, active, apparentBytes, hostBytes, reclaimableBytes } = sumOf(entries);
    const share = hostBytes === 0 ? 0 : Math.round((100 * reclaimableBytes) / hostBytes);
    return [
      titleOf(kind),
      String(total),
      String(active),
      formatBytes(apparentBytes),
      formatBytes(hostBytes),
      `${formatBytes(reclaimableBytes)} (${share} %)`,
    ];
  });
  return table([['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'ON HOST', 'RECLAIMABLE'], ...rows], {
    numbers: NUMBERS,
  });
}

function eachTable(usage: DiskUsage): string {
  const rows = Object.entries(usage).flatMap(([kind, entries]) =>
    entries.map((entry) => [
      titleOf(kind),
      entry.name,
      entry.active ? 'yes' : '',
      formatBytes(entry.apparentBytes),
      formatBytes(entry.hostBytes),
      formatBytes(entry.reclaimableBytes),
      entry.problem ?? '',
    ]),
  );
  return table([['TYPE', 'NAME', 'ACTIVE', 'SIZE', 'ON HOST', 'RECLAIMABLE', 'PROBLEM'], ...rows], {
    numbers: [3, 4, 5],
  });
}

function titleOf(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}

interface PruneFlags {
  readonly all?: true;
  readonly disks?: true;
  readonly dryRun?: true;
  readonly force?: true;
}

async function prune(flags: PruneFlags): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const store = new ImageStore();
  const { disks = false, dryRun = false, force } = flags;
  await untilInterrupted(async (signal) => {
    let only: string[] | undefined;
    if (disks && !dryRun && !force) {
      const going = await store.pruneLeftovers({ disks, dryRun: true });
      const paths = going.flatMap(({ path }) => path ?? []);
      if (paths.length > 0 && !(await confirm(`Delete the disks ${paths.join(', ')}?`, signal))) return;
      only = going.map(({ name }) => name);
    }
    // Before the images: commands that change images sweep unfinished ones silently.
    const leftovers = await store.pruneLeftovers({ disks, dryRun, only });
    for (const { name } of leftovers) printLine(name);
    const bytes = leftovers.reduce((sum, { hostBytes }) => sum + hostBytes, 0);
    const amount = describeAmount(leftovers.length, 'leftover', bytes);
    note(`${dryRun ? 'would remove' : 'removed'} ${amount}`);
    await pruneImages(flags, signal);
  });
}
