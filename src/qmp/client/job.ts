import { randomUUID } from 'node:crypto';
import { QmpJobError, TimedOutError } from '../../errors/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import type { QmpClient } from './client.ts';
import type { CommandArguments, CommandName } from '../protocol/protocol.ts';
import { startTimer } from '../../util/time/timer.ts';

/** The commands that start a job: those with a job-id. */
export type JobCommandName = {
  [Name in CommandName]: 'job-id' extends keyof CommandArguments<Name> ? Name : never;
}[CommandName];

/** Arguments of the command, without those that the helper sets itself; `job-id` is generated if missing. */
export type JobArguments<Name extends JobCommandName> =
  CommandArguments<Name> extends infer Arguments
    ? Omit<Arguments, 'job-id' | 'auto-dismiss' | 'auto-finalize'> & { readonly 'job-id'?: string }
    : never;

/** Progress of a job, in units that QEMU defines. */
export interface JobProgress {
  /** QEMU's status: running, paused, ready, … */
  readonly status: string;
  /** Completed and total work, in units of the job (bytes for block jobs); the total may grow. */
  readonly current: number | bigint;
  readonly total: number | bigint;
}

/** Options of a job. */
export interface JobOptions extends Limits {
  /** Called about every 250 ms and on each change of status. An exception cancels the job and is thrown. */
  readonly onProgress?: (progress: JobProgress) => void;
}

const PROGRESS_MS = 250;

/**
 * By default, these jobs would be dismissed together with their error once concluded; the others wait for
 * job-dismiss anyway.
 */
const dismissThemselves: ReadonlySet<string> = new Set<JobCommandName>([
  'block-commit',
  'block-stream',
  'blockdev-backup',
  'blockdev-mirror',
  'drive-backup',
  'drive-mirror',
]);

/**
 * Runs a job to its end: completes a mirror that is ready, and dismisses a concluded job. At the time limit
 * and on abort the job is cancelled, and the call returns when it is gone.
 * @throws QmpJobError with QEMU's message when the job failed, and the errors of `execute`.
 */
export async function runJob<Name extends JobCommandName>(
  client: QmpClient,
  command: Name,
  args: JobArguments<Name>,
  options: JobOptions = {},
): Promise<void> {
  options.signal?.throwIfAborted();
  // The keeper knows by it that memory was loaded.
  const jobId = args['job-id'] ?? `vmlet-${command}-${randomUUID()}`;
  const changes = client.events('JOB_STATUS_CHANGE');
  const limit = new JobLimit(options, async () => cancel(client, jobId));
  const report = setInterval(() => void reportProgress(client, jobId, options, limit), PROGRESS_MS);
  try {
    const untyped: string = command;
    await client.execute(untyped, {
      ...args,
      'job-id': jobId,
      ...(dismissThemselves.has(command) && { 'auto-dismiss': false }),
    });
    limit.start(`${command} ${jobId}`);
    for await (const { data } of changes) {
      if (data.id !== jobId) continue;
      await reportProgress(client, jobId, options, limit);
      if (data.status === 'ready' && !limit.reached) await client.execute('job-complete', { id: jobId });
      if (data.status === 'concluded') break;
    }
    // If the connection has ended, this call rejects with the reason.
    const job = (await client.execute('query-jobs')).find((one) => one.id === jobId);
    await client.execute('job-dismiss', { id: jobId });
    limit.throwIfReached();
    if (job?.error !== undefined) throw new QmpJobError(command, jobId, job.error);
  } finally {
    clearInterval(report);
    limit.stop();
    await changes.return();
  }
}

async function reportProgress(
  client: QmpClient,
  jobId: string,
  { onProgress }: JobOptions,
  limit: JobLimit,
): Promise<void> {
  if (!onProgress) return;
  // Without an answer the connection has ended; the wait for the job reports that.
  const jobs = await client.execute('query-jobs').catch(() => []);
  const job = jobs.find((one) => one.id === jobId);
  if (!job) return;
  try {
    onProgress({ status: job.status, current: job['current-progress'], total: job['total-progress'] });
  } catch (error) {
    limit.reach(error);
  }
}

async function cancel(client: QmpClient, jobId: string): Promise<void> {
  try {
    await client.execute('job-cancel', { id: jobId });
  } catch {
    // The job has just concluded, or the connection has ended; both end the wait for the job.
  }
}

/** Cancels the job once, and records why. */
class JobLimit {
  readonly #options: JobOptions;
  readonly #cancel: () => Promise<void>;
  #reason: { readonly error: unknown } | undefined;
  #stopTimer: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(options: JobOptions, cancelJob: () => Promise<void>) {
    this.#options = options;
    this.#cancel = cancelJob;
  }

  get reached(): boolean {
    return this.#reason !== undefined;
  }

  start(what: string): void {
    const { timeoutMs, signal } = this.#options;
    if (timeoutMs !== undefined) {
      this.#stopTimer = startTimer(timeoutMs, () => this.reach(new TimedOutError(what, timeoutMs)));
    }
    if (signal?.aborted) this.reach(signal.reason);
    else this.#stopWaiting = signal && onAbort(signal, (reason) => this.reach(reason));
  }

  stop(): void {
    this.#stopTimer?.();
    this.#stopWaiting?.();
  }

  throwIfReached(): void {
    if (this.#reason) throw this.#reason.error;
  }

  reach(error: unknown): void {
    if (this.#reason) return;
    this.#reason = { error };
    void this.#cancel();
  }
}
