import { Command } from 'commander';
import { type ChangedCd, MachineStore } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { table } from '../output/table.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

interface Flags {
  readonly force?: true;
  readonly timeout?: number;
}

export function cdCommand(): Command {
  const cd = new Command('cd').description('Manages CD drives of stopped and running machines.');
  cd.command('ls')
    .summary('list the drives and their CDs')
    .description('Lists the drives and their CDs.')
    .argument('<machine>', 'name of the machine')
    .option('--json', 'print JSON')
    .action(list);
  changing(
    cd
      .command('insert')
      .summary('insert a CD')
      .description('Inserts a CD. A CD that is already in the drive is replaced.')
      .argument('<machine>', 'name of the machine')
      .argument('<file>', 'ISO image')
      .argument('[drive]', 'name of the drive, if the machine has several drives'),
  ).action(async (name: string, file: string, drive: string | undefined, flags: Flags) =>
    change(name, file, drive, flags),
  );
  changing(
    cd
      .command('eject')
      .summary('eject the CD')
      .description('Ejects the CD.')
      .argument('<machine>', 'name of the machine')
      .argument('[drive]', 'name of the drive, if the machine has several drives'),
  ).action(async (name: string, drive: string | undefined, flags: Flags) =>
    change(name, undefined, drive, flags),
  );
  cd.command('add')
    .summary('add a drive')
    .description('Adds a drive. The change takes effect at the next start of the machine.')
    .argument('<machine>', 'name of the machine')
    .argument('[file]', 'ISO image to insert')
    .action(async (name: string, file: string | undefined) => {
      sayChanged(name, await new MachineStore().get(name).addCdDrive(file));
    });
  cd.command('rm')
    .summary('remove a drive')
    .description('Removes a drive. The change takes effect at the next start of the machine.')
    .argument('<machine>', 'name of the machine')
    .argument('[drive]', 'name of the drive, if the machine has several drives')
    .action(async (name: string, drive: string | undefined) => {
      sayChanged(name, await new MachineStore().get(name).removeCdDrive(drive));
    });
  return cd;
}

function sayChanged(name: string, { drive, takesEffect }: ChangedCd): void {
  printLine(drive);
  if (takesEffect === 'now') return;
  note(
    `the change takes effect at the next start of machine "${name}"; to restart the machine now, run: vmlet restart ${name}`,
  );
}

function changing(command: Command): Command {
  return command
    .option(
      '-f, --force',
      'open the drive even if the guest has locked it; programs that read the CD may fail',
    )
    .option(
      '-t, --timeout <time>',
      'how long to wait for the guest to unlock the drive (default: 10s)',
      durationMs,
    );
}

async function list(name: string, { json }: { json?: true }): Promise<void> {
  const machine = new MachineStore().get(name);
  const drives = await untilInterrupted(async (signal) => machine.drives({ signal }));
  if (json) {
    printJson({ version: 1, drives });
    return;
  }
  const runs = machine.status().kind === 'running';
  const rows = drives.map(({ name: drive, path, locked, open }) => {
    const state = open ? 'open' : locked ? 'locked' : '';
    return [drive, runs && open === undefined ? 'next start' : state, path ?? 'empty'];
  });
  process.stdout.write(table([['DRIVE', 'STATE', 'CD'], ...rows]));
}

async function change(
  name: string,
  file: string | undefined,
  drive: string | undefined,
  { force, timeout }: Flags,
): Promise<void> {
  const changed: ChangedCd = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).changeCd(file, { drive, force, timeoutMs: timeout, signal }),
  );
  printLine(changed.drive);
  if (changed.takesEffect === 'now') return;
  note(
    `the running machine does not have drive "${changed.drive}" yet; the change takes effect at the next start of machine "${name}"`,
  );
}
