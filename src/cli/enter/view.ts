import { Command } from 'commander';
import { MissingProgramError } from '../../errors/index.ts';
import { exitCodeOfSignal } from '../output/exit-code.ts';
import { note, printLine } from '../output/say.ts';

export function viewCommand(): Command {
  return new Command('view')
    .description('Opens the screen of a machine in the VNC viewer that is installed, until that is closed.')
    .argument('<machine>', 'its name')
    .option('--print', 'print the command that opens it, and run none')
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
      note(`${name} shows its screen by VNC at ${machine.files.vncSocket}`);
    }
    throw error;
  }
}
