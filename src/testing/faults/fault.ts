import {
  GuestClosedError,
  MachineEndedError,
  QmpClosedError,
  QmpCrashedError,
  QmpStateError,
} from '../../errors/index.ts';

/** What a call fails with when its machine has ended, whoever notices first. */
const ENDS = [MachineEndedError, GuestClosedError, QmpClosedError, QmpCrashedError, QmpStateError];

/** A fault that a machine has, until it is ended or disposed of, or the machine ends. */
export class Fault implements AsyncDisposable {
  readonly #undo: () => Promise<void>;
  #undone: Promise<void> | undefined;

  constructor(undo: () => Promise<void>) {
    this.#undo = undo;
  }

  /** Undoes it. Does nothing the second time, and for a machine that has ended. */
  async end(): Promise<void> {
    this.#undone ??= unlessEnded(this.#undo());
    await this.#undone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** With the machine all is gone that it had. */
export async function unlessEnded(undoing: Promise<unknown>): Promise<void> {
  await undoing.catch((error: unknown) => {
    if (!ENDS.some((kind) => error instanceof kind)) throw error;
  });
}
