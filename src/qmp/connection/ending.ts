import { type ExitStatus, QmpClosedError, QmpCrashedError } from '../../errors/index.ts';

/** How QEMU's process ended, for those who started it. */
export interface ProcessExit {
  readonly status: ExitStatus;
  /** The last lines of its stderr, oldest first. */
  readonly stderr: readonly string[];
}

/** Why nothing can be answered any more; makes an error of its own for each call that hangs on it. */
export type Ending = (what: string) => Error;

/**
 * End of stream and end of process arrive in either order, and QEMU may take a while to exit after it closed its
 * monitor. A process that then lives on is no reason to wait for ever.
 */
const EXIT_PATIENCE_MS = 5_000;

/** What the end of the stream means, known once the process is gone too. */
export async function explainEnd(
  processExit: Promise<ProcessExit> | undefined,
  cause: unknown,
): Promise<Ending> {
  const exit = processExit && (await withPatience(processExit));
  if (!exit) return (what) => new QmpClosedError(what, undefined, { cause });
  if (exit.status.exitCode === 0) return (what) => new QmpClosedError(what, exit.status, { cause });
  return (what) => new QmpCrashedError(what, exit.status, exit.stderr, { cause });
}

async function withPatience(processExit: Promise<ProcessExit>): Promise<ProcessExit | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), EXIT_PATIENCE_MS);
  });
  try {
    return await Promise.race([processExit, patience]);
  } finally {
    clearTimeout(timer);
  }
}
