import { once } from 'node:events';
import { EXIT_VMLET, exitCodeOfSignal } from './exit-code.ts';
import { complain } from './say.ts';

/** Writes to stdout, or another stream, with back-pressure. */
export async function writeOut(
  data: string | Uint8Array,
  output: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  if (!output.write(data)) await once(output, 'drain');
}

/** Ends vmlet when stdout or stderr cannot be written. `vmlet … | head` ends quietly, as other programs do. */
export function endWithOutput(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(exitCodeOfSignal('SIGPIPE'));
  try {
    complain(`cannot write the output: ${error.message}`);
  } catch {
    // Both may be on the same full disk.
  }
  process.exit(EXIT_VMLET);
}
