import { TimedOutError } from '../../errors/index.ts';
import { ParentWatch } from '../../util/time/parent-watch.ts';
import { note } from '../output/say.ts';
import { endWithOutput } from '../output/standard-output.ts';
import { isBatchJob } from './batch-system.ts';
import { Interrupts } from './interrupts.ts';

export interface TimeoutFlags {
  /** Milliseconds. */
  readonly timeout?: number;
  readonly dieWithParent?: boolean;
}

/** Ends the work with --timeout, by signals, and with the parent process where that is wanted. */
export async function withinTimeout(
  flags: TimeoutFlags,
  work: (interrupts: Interrupts, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  using interrupts = new Interrupts();
  const limit = flags.timeout === undefined ? undefined : AbortSignal.timeout(Math.ceil(flags.timeout));
  const signal = limit ? AbortSignal.any([interrupts.signal, limit]) : interrupts.signal;
  using _parent = (flags.dieWithParent ?? isBatchJob(process.env)) ? endWithParent(interrupts) : undefined;
  try {
    await work(interrupts, signal);
  } catch (error) {
    if (signal.aborted && signal.reason === limit?.reason) {
      throw new TimedOutError('the run', flags.timeout ?? 0, { hint: 'raise --timeout' });
    }
    throw error;
  }
}

/** A batch system may kill only the process that it started; an orphaned guest would occupy its node. */
function endWithParent(interrupts: Interrupts): ParentWatch {
  return new ParentWatch(() => {
    // The reader of the output may have exited too; the guest is ended in order nevertheless.
    for (const output of [process.stdout, process.stderr])
      output.off('error', endWithOutput).on('error', () => undefined);
    note(
      'the parent process of vmlet has ended, so vmlet ends the guest; to keep a guest running, use --no-die-with-parent',
    );
    interrupts.end('SIGHUP');
  });
}
