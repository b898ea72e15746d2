import { Command } from 'commander';
import { VmletError } from '../../errors/index.ts';
import {
  type CreateOptions,
  type LiveMachine,
  MachineStore,
  type NamedMachine,
} from '../../machines/index.ts';
import { createFlags } from '../../public/named-options.ts';
import { addOptionFlags, givenOptions } from '../flags/option-flags.ts';
import { ProgressLine, describeImageProgress } from '../output/progress.ts';
import { type SeedFlags, addSeedFlags, seedOptions } from '../flags/seed-flags.ts';
import { sayMountNews } from './mount-news.ts';
import { sayFirstBoot, sayStarted } from './start.ts';
import { hasDesktop } from '../session/desktop.ts';
import { isOnTerminal } from '../session/terminal.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLine } from '../output/say.ts';

interface Flags extends SeedFlags {
  readonly start?: true;
  readonly view: boolean;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Shows the screen of a machine until its window is closed. */
type ShowScreen = (name: string) => Promise<unknown>;

export function createCommand(showScreen: ShowScreen): Command {
  const command = new Command('create')
    .description('Creates a machine and its disks. The machine is kept until vmlet rm removes it.')
    .argument('<name>', 'name of the machine, and host name of the guest');
  return addSeedFlags(addOptionFlags(command, createFlags))
    .option('--start', 'start the machine')
    .option(
      '--no-view',
      'do not open the screen; by default, --iso with --start opens it in a desktop session',
    )
    .option('--dry-run', 'print the machine as JSON without creating it')
    .option('--json', 'print the machine as JSON')
    .action(async (name: string, flags: Flags) => create(name, flags, showScreen));
}

async function create(name: string, flags: Flags, showScreen: ShowScreen): Promise<void> {
  const seed = await seedOptions(flags);
  // The library validates the values; its errors use the same names.
  const options: CreateOptions = { name, ...givenOptions(createFlags, flags), ...(seed && { seed }) };
  const store = new MachineStore();
  if (flags.dryRun) {
    printJson({ version: 1, create: await store.check(options) });
    return;
  }
  sayMountNews(flags);
  const progress = new ProgressLine();
  await untilInterrupted(async (signal) => {
    try {
      progress.show(`creating ${name}…`);
      const machine = await store.create(options, {
        signal,
        onProgress: (news) => progress.show(describeImageProgress(news)),
      });
      if (flags.start) {
        progress.show(`starting ${name}…`);
        const live = await startNew(machine, signal, progress);
        progress.clear();
        sayStarted(live);
        sayFirstBoot(live);
      }
      progress.clear();
      const { spec } = machine;
      sayData(machine);
      if (flags.json) printJson({ version: 1, spec });
      else printLine(name);
    } finally {
      progress.clear();
    }
  });
  const isInteractive = isOnTerminal() && !flags.json;
  if (isInteractive && flags.start && flags.view && options.iso !== undefined) {
    await showInstaller(store.get(name), showScreen);
  }
}

/** A failure leaves the machine, which its message does not say. */
async function startNew(
  machine: NamedMachine,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<LiveMachine> {
  try {
    return await machine.start({
      signal,
      onProgress: (news) => progress.show(describeImageProgress(news)),
    });
  } catch (error) {
    progress.clear();
    const { name } = machine;
    const isRunning = machine.status().kind === 'running';
    note(
      isRunning
        ? `${name} was created and is running`
        : `${name} was created, but not started; to start it: vmlet start ${name}`,
    );
    throw error;
  }
}

/** The machine is there, whatever becomes of its window. */
async function showInstaller({ name, spec }: NamedMachine, showScreen: ShowScreen): Promise<void> {
  if (spec.display === 'none' || !hasDesktop()) return;
  note(
    `opening the screen of ${name}; the machine keeps running when you close the window; to show the screen again: vmlet view ${name}`,
  );
  try {
    await showScreen(name);
  } catch (error) {
    if (!(error instanceof VmletError)) throw error;
    note(`cannot open the screen: ${error.message}`, ...(error.hint === undefined ? [] : [error.hint]));
  }
}

/** Warns that micro has no persistent disk on a host without mke2fs. */
function sayData({ name, spec }: NamedMachine): void {
  if (spec.boot.kind !== 'image' || spec.disks.length > 0) return;
  note(
    `machine "${name}" loses its data at each restart: it has no data disk, because mke2fs is not installed on this host`,
    `to keep data: install e2fsprogs (the package of mke2fs), remove the machine (vmlet rm ${name}), and create it again`,
  );
}
