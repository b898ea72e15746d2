import { Command } from 'commander';
import { MissingProgramError } from '../../errors/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { note, printLine } from '../output/say.ts';

/** The page’s server ends so long after the page was closed; a reload takes less. */
const CLOSED_MS = 60_000;

export function viewCommand(): Command {
  return new Command('view')
    .description(
      'Opens the screen of a machine in the installed VNC viewer, and returns when the viewer is closed. If no viewer is ' +
        'installed and a desktop runs, the browser shows the screen on the page of vmlet ui, until Ctrl-C or until the page ' +
        'has been closed for a minute.',
    )
    .argument('<machine>', 'name of the machine')
    .option('--print', 'print the viewer’s command instead of running it')
    .action(view);
}

async function view(name: string, { print }: { print?: true }): Promise<void> {
  const { MachineStore } = await import('../../machines/index.ts');
  const machine = new MachineStore().get(name).live();
  try {
    const { line } = await machine.viewer();
    if (print) {
      printLine(line);
      return;
    }
    const { exitCode, signal } = await machine.view();
    process.exitCode = signal === undefined ? exitCode : exitCodeOfSignal(signal);
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    if (!print && hasDesktop()) {
      const { servePage } = await import('./serve-page.ts');
      note('no VNC viewer is installed; showing the screen in the browser');
      await servePage({ open: true, idleMs: CLOSED_MS, place: `/machines/${name}/screen` });
      return;
    }
    note(`VNC socket of ${name}: ${machine.files.vncSocket}`);
    throw error;
  }
}

/** A browser needs one of its own: on a server, the page is opened from elsewhere, by `vmlet ui`. */
function hasDesktop(): boolean {
  return ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => (process.env[name] ?? '') !== '');
}
