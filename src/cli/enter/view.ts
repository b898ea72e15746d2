import { Command } from 'commander';
import { MissingProgramError } from '../../errors/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { note, printLine } from '../output/say.ts';

export function viewCommand(): Command {
  return new Command('view')
    .description(
      'Opens the screen of a machine in the installed VNC viewer. Returns when the viewer is closed.',
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
    if (error instanceof MissingProgramError) {
      note(`VNC socket of ${name}: ${machine.files.vncSocket}`);
    }
    throw error;
  }
}
