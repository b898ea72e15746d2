import { Command } from 'commander';
import { doctorCommand } from './doctor.ts';
import { imageCommand } from './image.ts';
import { qmpCommand } from './qmp.ts';
import { reportError } from './report-error.ts';
import { runCommand } from './run.ts';
import { packageVersion } from '../index.ts';

/** Runs one command line and sets the process's exit status. */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('vmlet')
    .description('Virtual machines the way podman runs containers: no libvirt, no daemon, no root.')
    .version(packageVersion())
    .enablePositionalOptions()
    .showHelpAfterError('(--help shows what there is)')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'vmlet: ')) })
    .exitOverride();
  for (const command of [runCommand(), imageCommand(), doctorCommand(), qmpCommand()]) {
    inheritSettings(command, program);
    program.addCommand(command);
  }
  dieOfClosedPipe();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

function inheritSettings(command: Command, parent: Command): void {
  command.copyInheritedSettings(parent);
  for (const child of command.commands) inheritSettings(child, command);
}

/** `vmlet … | head` ends quietly, as other programs do. */
function dieOfClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(128 + 13);
  });
}
