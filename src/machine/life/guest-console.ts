import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { keepReadingAfterFailedWrites } from '../../process/output/failed-writes.ts';
import { Tail } from '../../process/output/tail.ts';

const KEPT_LINES = 1000;

/**
 * The guest's first serial port. Its output is read continuously, so that a guest never waits for a reader.
 */
export class GuestConsole {
  readonly #connection: Socket;
  readonly #tail = new Tail({ lines: KEPT_LINES, lineLength: 4096 });
  readonly #onOutput = new Set<(chunk: Buffer) => void>();
  readonly #machineEnded: Promise<never>;

  /** @param machineEnded rejects when the machine has ended. */
  constructor(connection: Socket, machineEnded: Promise<never>, copy: Writable | undefined) {
    this.#connection = connection;
    this.#machineEnded = machineEnded;
    keepReadingAfterFailedWrites(connection);
    connection.on('data', (chunk: Buffer) => {
      this.#tail.push(chunk);
      copy?.write(chunk);
      for (const listener of this.#onOutput) listener(chunk);
    });
    // The end of QEMU shows up as a reset or as an end of file; either way there is nothing more to read.
    connection.on('error', () => undefined);
  }

  /** The newest lines, oldest first; at most 1000 are kept. The last may be incomplete. */
  last(count: number): string[] {
    return this.#tail.last(count);
  }

  /** The current incomplete line; empty if there is none. */
  get unfinished(): string {
    return this.#tail.unfinished;
  }

  /** Writes to the serial port. */
  write(data: string | Uint8Array): void {
    this.#connection.write(data);
  }

  /**
   * Calls `listener` with the guest's new output as it arrives, in chunks that may end anywhere in a line.
   * @returns a function that removes the listener.
   */
  onOutput(listener: (chunk: Buffer) => void): () => void {
    this.#onOutput.add(listener);
    return () => void this.#onOutput.delete(listener);
  }

  /**
   * Resolves with the first of the kept or future lines that matches. An incomplete line, such as a prompt,
   * is matched too: a pattern that needs a whole line must include its ending.
   * @throws MachineEndedError, TimedOutError, or the signal's reason.
   */
  async waitFor(pattern: RegExp, limits: Limits = {}): Promise<string> {
    const found = deferred<string>();
    const look = (): void => {
      const line = this.last(KEPT_LINES).find((candidate) => candidate.search(pattern) >= 0);
      if (line !== undefined) found.resolve(line);
    };
    this.#machineEnded.catch((error: unknown) => {
      look();
      found.reject(error);
    });
    const forget = this.onOutput(look);
    look();
    try {
      return await withinLimits(`waiting for ${String(pattern)} on the console`, found.promise, limits);
    } finally {
      forget();
    }
  }
}
