import { RequestRefusedError } from '../../../errors/index.ts';
import { Operation, type OperationRecord, type Work } from './operation.ts';

const KEPT_MS = 10 * 60_000;
const MOST_ENDED = 200;
const MOST_RUNNING = 64;

/** The operations of one server, only in memory. */
export class Operations {
  readonly #all = new Map<string, Operation>();
  readonly #listeners = new Set<(record: OperationRecord) => void>();
  readonly #onDefect: (error: unknown) => void;
  #isClosed = false;

  constructor(onDefect: (error: unknown) => void) {
    this.#onDefect = onDefect;
  }

  /** @throws RequestRefusedError when too many run already, and after the end. */
  start(work: Work): Operation {
    if (this.#isClosed) throw new RequestRefusedError(503, 'the server is shutting down');
    this.#forgetOld();
    if (this.#running().length >= MOST_RUNNING) {
      throw new RequestRefusedError(429, `too many operations: ${MOST_RUNNING} are running`, {
        hint: 'try again when an operation has finished',
      });
    }
    const operation = new Operation(work, (record) => this.#tell(record), this.#onDefect);
    this.#all.set(operation.record.id, operation);
    this.#tell(operation.record);
    return operation;
  }

  get areRunning(): boolean {
    return this.#running().length > 0;
  }

  /** Oldest first. */
  list(): readonly OperationRecord[] {
    this.#forgetOld();
    return [...this.#all.values()].map(({ record }) => record);
  }

  /** @throws RequestRefusedError */
  get(id: string): Operation {
    const found = this.#all.get(id);
    if (found === undefined)
      throw new RequestRefusedError(404, `no such operation: ${id}`, {
        hint: 'list operations with: GET /v1/operations; finished operations are kept for at most ten minutes',
      });
    return found;
  }

  onChange(listener: (record: OperationRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Cancels all that run, and waits for their ends. No other begins. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = this.#running();
    for (const operation of running) operation.cancel();
    await Promise.all(running.map(async ({ ended }) => ended));
  }

  #running(): Operation[] {
    return [...this.#all.values()].filter(({ isRunning }) => isRunning);
  }

  #tell(record: OperationRecord): void {
    for (const listener of this.#listeners) listener(record);
  }

  #forgetOld(): void {
    const ended = [...this.#all.values()].filter(({ isRunning }) => !isRunning);
    const longAgo = Date.now() - KEPT_MS;
    for (const [index, { record }] of ended.entries()) {
      const isOld = (record.endedAt ?? 0) < longAgo;
      if (isOld || ended.length - index > MOST_ENDED) this.#all.delete(record.id);
    }
  }
}
