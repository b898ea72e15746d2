import { Command } from 'commander';
import { formatBytes } from '../../public/format.ts';
import type { DiskUsage, UsageEntry } from '../../index.ts';
import { describeAmount } from '../images/image-words.ts';
import { pruneImages } from '../images/image-prune.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

export function systemCommand(): Command {
  const system = new Command('system').description('All that vmlet keeps on this host.');
  system
    .command('df')
    .summary('show what images, templates, machines and the rest take')
    .description(
      'Shows what images, machines and the rest take. SIZE is what the files say, ON HOST what they take up, and ' +
        'RECLAIMABLE what vmlet system prune --all would free. Snapshots are in the disks of their machines.',
    )
    .option('-v, --verbose', 'each thing by itself')
    .option('--json', 'print JSON')
    .action(showUsage);
  system
    .command('prune')
    .summary('remove what nobody needs')
    .description(
      'Removes interrupted downloads, what was left by those who were killed, and images that have no name and that ' +
        'nobody needs; with --all images with names too. Machines, templates and disks that were kept stay.',
    )
    .option('-a, --all', 'remove images with names too')
    .option('--dry-run', 'only print what would be removed')
    .option('-f, --force', 'with --all: do not ask, as is never done where nobody could answer')
    .action(prune);
  return system;
}

async function showUsage({ verbose, json }: { verbose?: true; json?: true }): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  const usage = await untilInterrupted(async (signal) => new ImageStore().diskUsage({ signal }));
  if (json) {
    const rows = Object.entries(usage).map(([kind, entries]) => ({ kind, ...sumOf(entries), entries }));
    printJson({ version: 1, usage: rows });
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

function sumOf(entries: readonly UsageEntry[]) {
  const sum = (field: 'apparentBytes' | 'hostBytes' | 'reclaimableBytes'): number =>
    entries.reduce((total, entry) => total + entry[field], 0);
  return {
    total: entries.length,
    active: entries.filter(({ active }) => active).length,
    apparentBytes: sum('apparentBytes'),
    hostBytes: sum('hostBytes'),
    reclaimableBytes: sum('reclaimableBytes'),
  };
}

function titleOf(kind: string): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}

async function prune(flags: { all?: true; dryRun?: true; force?: true }): Promise<void> {
  const { ImageStore } = await import('../../index.ts');
  await untilInterrupted(async (signal) => {
    // Before the images: whoever changes those sweeps unfinished ones, and says nothing of it.
    const leftovers = await new ImageStore().pruneLeftovers({ dryRun: flags.dryRun ?? false });
    for (const { name } of leftovers) printLine(name);
    const bytes = leftovers.reduce((sum, { hostBytes }) => sum + hostBytes, 0);
    const amount = describeAmount(leftovers.length, 'leftover', bytes);
    note(`${flags.dryRun ? 'would remove' : 'removed'} ${amount}`);
    await pruneImages(flags, signal);
  });
}
