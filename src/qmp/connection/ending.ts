import { type ExitStatus, QmpClosedError, QmpCrashedError } from '../../errors/index.ts';

/** How QEMU's process ended, provided by the code that started it. */
export interface ProcessExit {
  readonly status: ExitStatus;
  /** The last lines of its stderr, oldest first. */
  readonly stderr: readonly string[];
}

/** The reason why nothing is answered any more; creates a separate error for each pending call. */
export type Ending = (what: string) => Error;

/**
 * End of stream and end of process arrive in either order, and QEMU may take a while to exit after it has
 * closed its monitor. The wait is limited in case the process does not exit.
 */
const EXIT_PATIENCE_MS = 5_000;

/** Interprets the end of the stream once the process has ended too. */
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
