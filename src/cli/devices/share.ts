import { Command } from 'commander';
import { type ListedShare, MachineStore } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { sayMountNews } from '../lifecycle/mount-news.ts';
import { note, printJson, printLine } from '../output/say.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function shareCommand(): Command {
  const share = new Command('share').description(
    'Manages the mounts of machines: shared directories, volumes and file systems in memory (tmpfs).',
  );
  share
    .command('ls')
    .summary('list the mounts of a machine')
    .description(
      'Lists the directories, volumes and tmpfs of a machine, and whether they are mounted or copied. Mounts with the ' +
        'state "until it stops" were removed or replaced while the machine was running.',
    )
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  share
    .command('add')
    .summary('add a directory, volume or tmpfs')
    .description(
      'Adds a directory, volume or tmpfs. A directory is mounted immediately if the machine is running and was started ' +
        'with a shared directory. Otherwise, the mount takes effect at the next start. Volumes and tmpfs are always ' +
        'mounted at the next start. With the options ro,copy, a directory is copied at each start instead.',
    )
    .argument('<machine>', 'name of the machine')
    .argument(
      '<share>',
      'SRC:DST[:OPTION[,OPTION…]] as in vmlet run -v, or type=bind|volume|tmpfs,src=SRC,dst=DST[,OPTION…]',
    )
    .option('--json', 'print JSON')
    .action(add);
  share
    .command('rm')
    .summary('remove a directory, volume or tmpfs from a machine')
    .description(
      'Removes a directory, volume or tmpfs from a machine. The files in directories and volumes are kept. If the ' +
        'machine is running, vmlet first unmounts the directory in the guest. Unmounting fails while a program in the ' +
        'guest uses the directory. Volumes and tmpfs stay mounted until the machine stops.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('<mount-point>', 'path in the guest (see vmlet share ls)')
    .option(
      '-t, --timeout <time>',
      'how long to wait for the guest to unmount the directory (default: 30s)',
      durationMs,
    )
    .action(remove);
  return share;
}

async function list(name: string, { json }: { json?: true }): Promise<void> {
  const machine = new MachineStore().get(name);
  const shares = await machine.shares();
  if (json) {
    printJson({ version: 1, shares });
    return;
  }
  const runs = machine.status().kind === 'running';
  const rows = shares.map((share) => [
    share.target,
    share.type,
    optionsOf(share),
    stateOf(share, runs),
    share.source ?? '',
  ]);
  process.stdout.write(table([['PATH', 'TYPE', 'OPTIONS', 'STATE', 'SOURCE'], ...rows]));
}

function stateOf({ copy, live, removed, problem }: ListedShare, runs: boolean): string {
  if (removed) return 'until it stops';
  if (problem !== undefined) return `not mounted: ${problem}`;
  return live ? (copy ? 'copied' : 'mounted') : runs ? 'next start' : '';
}

function optionsOf({ readOnly, copy, cache, ids }: ListedShare): string {
  return [
    readOnly ? 'ro' : 'rw',
    ...(copy ? ['copy'] : []),
    ...(cache === undefined || cache === 'auto' ? [] : [`cache=${cache}`]),
    ...(ids?.kind === 'host' ? ['ids=host'] : []),
    ...(ids?.kind === 'squash' && (ids.uid !== 0 || ids.gid !== 0)
      ? [`uid=${ids.uid}`, `gid=${ids.gid}`]
      : []),
  ].join(',');
}

async function add(name: string, text: string, { json }: { json?: true }): Promise<void> {
  const share = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).addShare(text, { signal }),
  );
  if (json) printJson({ version: 1, share });
  else printLine(share.target);
  // The volume exists by now, with the size of its creation.
  sayMountNews(text.startsWith('type=') ? { mount: [text] } : { volume: [text] });
  if (json || share.takesEffect === 'now') return;
  note(
    `the mount at ${share.target} takes effect at the next start of machine "${name}"; to restart the machine now, run: vmlet restart ${name}`,
  );
}

async function remove(name: string, path: string, { timeout }: { timeout?: number }): Promise<void> {
  const share = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).removeShare(path, { timeoutMs: timeout, signal }),
  );
  printLine(share.target);
  if (share.takesEffect === 'now') return;
  note(`${share.target} stays mounted in the guest until machine "${name}" stops`);
}
