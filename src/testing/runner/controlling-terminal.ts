import { closeSync, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { isSystemError } from '../../errors/index.ts';

/** The terminal that this process was started from, also where a test runner has put a pipe in place of its input. */
export class ControllingTerminal implements Disposable {
  readonly #descriptor: number;
  readonly #input: ReadStream;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#input = new ReadStream(descriptor);
  }

  /** @returns undefined where there is none. */
  static open(): ControllingTerminal | undefined {
    try {
      return new ControllingTerminal(openSync('/dev/tty', 'r'));
    } catch (error) {
      if (isSystemError(error, 'ENXIO', 'ENOENT', 'EACCES', 'EIO')) return undefined;
      throw error;
    }
  }

  /** Resolves when a line has been typed, or the terminal is gone. */
  async enter(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#input.once('data', () => resolve());
      this.#input.once('close', resolve);
      this.#input.once('error', () => resolve());
    });
  }

  [Symbol.dispose](): void {
    this.#input.destroy();
    closeSync(this.#descriptor);
  }
}
