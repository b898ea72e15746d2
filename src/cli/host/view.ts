import { Command } from 'commander';
import { MissingProgramError } from '../../errors/index.ts';
import type { LiveMachine } from '../../machines/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { hasDesktop } from '../session/desktop.ts';
import { note, printLine } from '../output/say.ts';

/** The page’s server ends so long after the page was closed; a reload takes less. */
const CLOSED_MS = 60_000;

export function viewCommand(): Command {
  return new Command('view')
    .description(
      'Opens the screen of a machine in a VNC viewer, and exits when the viewer is closed. In a desktop session without a ' +
        'VNC viewer, opens the screen in the browser; then exits on Ctrl-C, or when no page has been open for a minute.',
    )
    .argument('<machine>', 'name of the machine')
    .option('--print', 'print the command line of the VNC viewer instead of running it')
    .action(async (name: string, { print }: { print?: true }) => {
      if (print) await printViewer(name);
      else process.exitCode = await showScreen(name);
    });
}

async function printViewer(name: string): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const machine = new MachineStore().get(name).live();
  try {
    printLine((await machine.viewer()).line);
  } catch (error) {
    noteSocket(machine, error);
    throw error;
  }
}

/** Shows the screen until the viewer or the page is closed. Returns the exit status. */
export async function showScreen(name: string): Promise<number> {
  const { MachineStore } = await import('../../machines/index.ts');
  const machine = new MachineStore().get(name).live();
  try {
    const { exitCode, signal } = await machine.view();
    return signal === undefined ? (exitCode ?? 0) : exitCodeOfSignal(signal);
  } catch (error) {
    if (error instanceof MissingProgramError && hasDesktop()) {
      const { servePage } = await import('./serve-page.ts');
      note('no VNC viewer is installed; showing the screen in the browser');
      await servePage({ open: true, idleMs: CLOSED_MS, place: `/machines/${name}/screen` });
      return 0;
    }
    noteSocket(machine, error);
    throw error;
  }
}

function noteSocket({ name, files }: LiveMachine, error: unknown): void {
  if (error instanceof MissingProgramError) note(`VNC socket of ${name}: ${files.vncSocket}`);
}
