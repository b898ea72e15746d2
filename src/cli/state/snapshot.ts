import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { formatBytes } from '../../public/format.ts';
import { MachineStore, type NamedMachine } from '../../machines/index.ts';
import { sayCopiedIdentity, sayOutsideUnit, sayStarted } from '../lifecycle/start.ts';
import { refuseSynonyms, synonymIn } from '../help/unknown-command.ts';
import { formatAgo } from '../output/duration.ts';
import { ProgressLine } from '../output/progress.ts';
import { table } from '../output/table.ts';
import { isMachineName } from '../session/each-machine.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine, printLines } from '../output/say.ts';

interface Flags {
  readonly disksOnly?: true;
}

export function snapshotCommand(): Command {
  const snapshot = new Command('snapshot').description(
    'Manages snapshots of machines. A snapshot contains all writable disks, the UEFI variables, and, if the machine is ' +
      'running, its memory. Snapshots are stored inside the disk files, which must have the format qcow2.',
  );
  snapshot
    .command('create', { isDefault: true })
    .summary('create a snapshot')
    .description(
      'Creates a snapshot. The word create is optional. A running machine is paused while its memory is written. ' +
        'If the guest changes UEFI variables afterwards, the changes are written to the disk of the host only when the machine ' +
        'is paused or stopped.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('[snapshot]', 'name of the snapshot (default: date and time)')
    .option(
      '--disks-only',
      'save only the disks, not the memory: after a restore, the guest boots as after a power failure; ' +
        "vmlet's agent, if the guest has it, writes the guest's caches to the disks first",
    )
    .action(create);
  snapshot
    .command('ls')
    .summary('list snapshots')
    .description(
      'Lists snapshots, oldest first. "current" marks the snapshot that was created or restored last. The next snapshot that ' +
        'you create has this snapshot as its PARENT.',
    )
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  snapshot
    .command('restore')
    .summary('return a machine to a snapshot')
    .description(
      'Returns a machine to a snapshot. All changes that are not in a snapshot are lost. If the snapshot contains memory, ' +
        'the machine continues from the moment of the snapshot, even if it was stopped. A snapshot without memory can be ' +
        'restored only while the machine is stopped; the machine then stays stopped.',
    )
    .argument('<machine>', 'name of the machine')
    .argument('<snapshot>', 'name of the snapshot')
    .option(
      '--disks-only',
      'restore only the disks, not the memory; the machine must be stopped, and stays stopped',
    )
    .action(restore);
  snapshot
    .command('rm')
    .summary('remove snapshots')
    .description('Removes snapshots.')
    .argument('<machine>', 'name of the machine')
    .argument('<snapshots...>', 'names of the snapshots')
    .action(remove);
  refuseSynonyms(snapshot, isMachineName);
  return snapshot;
}

async function create(
  name: string,
  given: string | undefined,
  { disksOnly }: Flags,
  command: Command,
): Promise<void> {
  const { parent: group } = command;
  if (group && given !== undefined && group.args[0] !== 'create') refuseSubcommand(group, name, given);
  const snapshot = given ?? timeStamp(new Date());
  await withProgress(`saving a snapshot of ${name}…`, async (signal) =>
    new MachineStore().get(name).createSnapshot(snapshot, { disksOnly, signal }),
  );
  printLine(snapshot);
}

/** Without the word create, `snapshot web rm` is a mistake more often than a snapshot of that name. */
function refuseSubcommand(group: Command, machine: string, word: string): void {
  const meant = group.commands.find((command) => command.name() === word)?.name() ?? synonymIn(group, word);
  if (meant === undefined) return;
  throw new InvalidInputError('snapshot', `"${word}" looks like a command`, {
    hint: `commands go before the machine, see: vmlet snapshot ${meant} --help; to create a snapshot of this name: vmlet snapshot create ${machine} ${word}`,
  });
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
  const rows = snapshots.map(({ name: snapshot, createdAt, memoryBytes, missingOn, parent, current }) => [
    snapshot,
    formatAgo(now - createdAt.getTime()),
    memoryBytes === 0 ? 'none' : formatBytes(memoryBytes),
    parent ?? '',
    [
      ...(current ? ['current'] : []),
      ...(missingOn.length === 0 ? [] : [`missing on ${missingOn.join(', ')}`]),
    ].join('; '),
  ]);
  process.stdout.write(table([['SNAPSHOT', 'CREATED', 'MEMORY', 'PARENT', 'DETAIL'], ...rows]));
}

async function restore(name: string, snapshot: string, { disksOnly }: Flags): Promise<void> {
  const machine = new MachineStore().get(name);
  const ran = machine.status().kind === 'running';
  await withProgress(`restoring ${name}…`, async (signal) =>
    machine.restoreSnapshot(snapshot, { disksOnly, signal }),
  );
  const state = await untilInterrupted(async (signal) => stateOf(machine, signal));
  note(`machine "${name}" is ${state}`);
  if (machine.status().kind === 'running') {
    sayRestored(new MachineStore().get(name), ran);
    if (!ran) await sayOutsideUnit(machine);
  }
  printLine(snapshot);
}

/** @param ran before: otherwise the restore has started it. */
export function sayRestored(machine: NamedMachine, ran: boolean): void {
  if (ran) sayCopiedIdentity(machine);
  else sayStarted(machine.live());
}

/** Asks QEMU for the state: the keeper's record may still be the previous one. */
export async function stateOf(machine: NamedMachine, signal: AbortSignal): Promise<string> {
  if (machine.status().kind !== 'running') return 'not running';
  return machine.live().qmp(async (monitor) => (await monitor.execute('query-status')).status, { signal });
}

async function remove(name: string, snapshots: string[]): Promise<void> {
  await withProgress(`removing snapshots of ${name}…`, async (signal) =>
    new MachineStore().get(name).removeSnapshots(snapshots, { signal }),
  );
  printLines(snapshots);
}

/** QEMU does not answer while it works on a snapshot, so there is no percentage. */
async function withProgress(text: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const progress = new ProgressLine();
  try {
    progress.show(text);
    await untilInterrupted(work);
  } finally {
    progress.clear();
  }
}

/** For example `2026-03-01-142530`, in local time: QEMU rejects names that are all digits. */
export function timeStamp(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day}-${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('')}`;
}
