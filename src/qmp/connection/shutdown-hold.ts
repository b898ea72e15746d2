import type { CommandWindow } from './command-window.ts';

/** A QEMU that is still running by then is not shutting down. */
const END_PATIENCE_MS = 10_000;

/**
 * Holds back commands while QEMU shuts down. It sends SHUTDOWN before it exits, and then STOP if it was configured to
 * pause instead. It crashes on a command that arrives between the end of its dispatcher and its own (10.0:
 * monitor_cleanup lets its I/O thread wake a dispatcher that is gone).
 */
export class ShutdownHold {
  readonly #window: CommandWindow;
  #timer: NodeJS.Timeout | undefined;

  constructor(window: CommandWindow) {
    this.#window = window;
  }

  follow(event: string): void {
    if (event !== 'SHUTDOWN' && event !== 'STOP') return;
    clearTimeout(this.#timer);
    if (event === 'STOP') return this.#window.release();
    this.#window.hold();
    this.#timer = setTimeout(() => this.#window.release(), END_PATIENCE_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
