import { CommandFailedError, MissingProgramError } from '../errors/index.ts';
import { execaFor } from '../process/helper.ts';
import { findProgram } from '../process/program.ts';

/** The first one that is installed is used. */
const OPENERS = ['xdg-open', 'sensible-browser', 'x-www-browser'] as const;

/**
 * Shows a file in the user's browser, which is not ended with this process. Settles when the opener has exited, which may
 * be when the browser does.
 * @throws MissingProgramError, ProcessStartError, CommandFailedError when the opener fails.
 */
export async function openInBrowser(path: string): Promise<void> {
  const opener = OPENERS.find((name) => findProgram(name) !== undefined);
  if (opener === undefined) throw new MissingProgramError('xdg-open');
  const start = await execaFor(opener);
  const { child, ended } = start([opener, path], { stdio: 'ignore', detached: true });
  child.unref();
  const { exitCode, signal } = await ended;
  if (exitCode !== 0) throw new CommandFailedError([opener, path], { exitCode, signal }, '');
}
