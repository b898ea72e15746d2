import { Command } from 'commander';
import { formatBytes } from '../../index.ts';
import { MachineStore, type NamedMachine } from '../../machines/index.ts';
import { formatAgo } from '../output/duration.ts';
import { ProgressLine } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine, printLines } from '../output/say.ts';

interface Flags {
  readonly disksOnly?: true;
}

export function snapshotCommand(): Command {
  const snapshot = new Command('snapshot').description(
    'What machines were at one moment: all disks that they write to, their UEFI variables, and the memory of those ' +
      'that run. It is kept in the disks themselves, which have to be qcow2.',
  );
  snapshot
    .command('create', { isDefault: true })
    .description(
      'keep what a machine is now. The word create may be left out. One that runs stands still while its memory is written. UEFI variables that are ' +
        'changed after it are safe only once the machine was paused or stopped',
    )
    .argument('<machine>', 'its name')
    .argument('[snapshot]', 'how to call it (default: date and time)')
    .option('--disks-only', 'leave out the memory: for the guest it is as after a power cut')
    .action(create);
  snapshot
    .command('ls')
    .description('list the snapshots, the oldest first')
    .argument('<machine>', 'its name')
    .option('--json', 'print JSON')
    .action(list);
  snapshot
    .command('restore')
    .description(
      'make a machine what it was. With memory it runs on from there, whether it runs now or not; without, it has to ' +
        'be stopped. What was written since is lost',
    )
    .argument('<machine>', 'its name')
    .argument('<snapshot>', 'as in vmlet snapshot ls')
    .option('--disks-only', 'leave out the memory, and do not start the machine')
    .action(restore);
  snapshot
    .command('rm')
    .description('remove snapshots')
    .argument('<machine>', 'its name')
    .argument('<snapshots...>', 'as in vmlet snapshot ls')
    .action(remove);
  return snapshot;
}

async function create(name: string, given: string | undefined, { disksOnly }: Flags): Promise<void> {
  const snapshot = given ?? timeStamp(new Date());
  await withProgress(`keeping what ${name} is…`, async (signal) =>
    new MachineStore().get(name).createSnapshot(snapshot, { disksOnly, signal }),
  );
  printLine(snapshot);
}

async function list(name: string, { json }: { json?: true }): Promise<void> {
  const snapshots = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).snapshots({ signal }),
  );
  if (json) {
    printJson({ version: 1, snapshots });
    return;
  }
  const now = Date.now();
  const rows = snapshots.map(({ name: snapshot, createdAt, memoryBytes, missingOn }) => [
    snapshot,
    formatAgo(now - createdAt.getTime()),
    memoryBytes === 0 ? 'none' : formatBytes(memoryBytes),
    missingOn.length === 0 ? '' : `not on ${missingOn.join(', ')}`,
  ]);
  process.stdout.write(table([['SNAPSHOT', 'CREATED', 'MEMORY', 'DETAIL'], ...rows]));
}

async function restore(name: string, snapshot: string, { disksOnly }: Flags): Promise<void> {
  const machine = new MachineStore().get(name);
  await withProgress(`making ${name} what it was…`, async (signal) =>
    machine.restoreSnapshot(snapshot, { disksOnly, signal }),
  );
  const state = await untilInterrupted(async (signal) => stateOf(machine, signal));
  note(`${name} is ${state}`);
  printLine(snapshot);
}

/** Asked of QEMU: what the keeper has written down may still be of the moment before. */
async function stateOf(machine: NamedMachine, signal: AbortSignal): Promise<string> {
  if (machine.status().kind !== 'running') return 'not running';
  return machine.live().qmp(async (monitor) => (await monitor.execute('query-status')).status, { signal });
}

async function remove(name: string, snapshots: string[]): Promise<void> {
  await withProgress('removing…', async (signal) =>
    new MachineStore().get(name).removeSnapshots(snapshots, { signal }),
  );
  printLines(snapshots);
}

/** QEMU answers nothing while it works on a snapshot, so that there is no percentage. */
async function withProgress(text: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const progress = new ProgressLine();
  try {
    progress.show(text);
    await untilInterrupted(work);
  } finally {
    progress.clear();
  }
}

/** As in `2026-03-01-142530`, in local time: QEMU takes no name of digits alone. */
function timeStamp(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('')}`;
}
