import { programFor } from './program.ts';
import { reportError } from './report-error.ts';

/** Runs one command line and sets the process's exit status. */
export async function main(args: readonly string[], version: string): Promise<void> {
  dieOfClosedPipe();
  try {
    const program = await programFor(args, version);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = reportError(error);
  }
}

/** `vmlet … | head` ends quietly, as other programs do. */
function dieOfClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(128 + 13);
  });
}
