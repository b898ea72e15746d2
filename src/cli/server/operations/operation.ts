import { randomUUID } from 'node:crypto';
import { type DescribedError, describeError, isDefect } from '../answers/described-error.ts';

/** The progress of long work. */
export interface Progress {
  /** For people. */
  readonly text: string;
  readonly percent?: number | undefined;
  /** Step of a stop. */
  readonly rung?: string | undefined;
  /** True when a new machine exists: a failure from now on leaves it. */
  readonly created?: boolean | undefined;
  /** True when a change of ports has restarted passt, also if it fails later. */
  readonly passtRestarted?: boolean | undefined;
}

/** Work requested by a client, in the form that clients see. */
export interface OperationRecord {
  readonly id: string;
  /** Last part of its path, such as `snapshots/create`. */
  readonly kind: string;
  readonly machine: string | undefined;
  /** The shell command that does the same. */
  readonly command: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly progress?: Progress;
  readonly result?: object;
  readonly error?: DescribedError;
}

export interface Work<Result extends object = object> {
  readonly kind: string;
  readonly machine?: string | undefined;
  readonly command: string;
  readonly run: (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<Result>;
}

/** Work in progress. It continues when its client disconnects. */
export class Operation {
  record: OperationRecord;
  /** Settles when it has ended; never rejects. */
  readonly ended: Promise<void>;
  /** Why it failed. */
  failure: unknown;
  readonly #cancel = new AbortController();
  readonly #onChange: (record: OperationRecord) => void;

  constructor(work: Work, onChange: (record: OperationRecord) => void, onDefect: (error: unknown) => void) {
    this.#onChange = onChange;
    const { kind, machine, command } = work;
    this.record = { id: randomUUID(), kind, machine, command, state: 'running', startedAt: Date.now() };
    this.ended = this.#run(work, onDefect);
  }

  get isRunning(): boolean {
    return this.record.state === 'running';
  }

  cancel(): void {
    this.#cancel.abort(new Error('cancelled'));
  }

  async #run({ run }: Work, onDefect: (error: unknown) => void): Promise<void> {
    const { signal } = this.#cancel;
    try {
      const result = await run(signal, (progress) => this.#change({ progress }));
      this.#change({ state: 'done', endedAt: Date.now(), result });
    } catch (error) {
      this.failure = error;
      const isCancelled = signal.aborted && error === signal.reason;
      if (!isCancelled && isDefect(error)) onDefect(error);
      this.#change(
        isCancelled
          ? { state: 'cancelled', endedAt: Date.now() }
          : { state: 'failed', endedAt: Date.now(), error: describeError(error) },
      );
    }
  }

  #change(changes: Partial<OperationRecord>): void {
    this.record = { ...this.record, ...changes };
    this.#onChange(this.record);
  }
}
