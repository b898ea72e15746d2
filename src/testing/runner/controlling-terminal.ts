import { closeSync, openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { isSystemError } from '../../errors/index.ts';

/** The terminal of this process, even if a test runner has replaced its input by a pipe. */
export class ControllingTerminal implements Disposable {
  readonly #descriptor: number;
  readonly #input: ReadStream;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#input = new ReadStream(descriptor);
  }

  /** @returns undefined without a terminal. */
  static open(): ControllingTerminal | undefined {
    try {
      return new ControllingTerminal(openSync('/dev/tty', 'r'));
    } catch (error) {
      if (isSystemError(error, 'ENXIO', 'ENOENT', 'EACCES', 'EIO')) return undefined;
      throw error;
    }
  }

  /** Resolves when a line has been entered, or the terminal is gone. */
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
