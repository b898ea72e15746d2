import {
  GuestClosedError,
  MachineEndedError,
  QmpClosedError,
  QmpCrashedError,
  QmpStateError,
} from '../../errors/index.ts';

/** Errors of calls whose machine has ended, depending on what notices it first. */
const ENDS = [MachineEndedError, GuestClosedError, QmpClosedError, QmpCrashedError, QmpStateError];

/** An active fault of a machine, until it is ended or disposed, or the machine ends. */
export class Fault implements AsyncDisposable {
  readonly #undo: () => Promise<void>;
  #undone: Promise<void> | undefined;

  constructor(undo: () => Promise<void>) {
    this.#undo = undo;
  }

  /** Ends the fault. Does nothing when repeated, or when the machine has ended. */
  async end(): Promise<void> {
    this.#undone ??= unlessEnded(this.#undo());
    await this.#undone;
  }

  /** Ends the fault. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Ignores errors of a machine that has ended: its faults ended with it. */
export async function unlessEnded(undoing: Promise<unknown>): Promise<void> {
  await undoing.catch((error: unknown) => {
    if (!ENDS.some((kind) => error instanceof kind)) throw error;
  });
}
