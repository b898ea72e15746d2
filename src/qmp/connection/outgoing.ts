import type { Socket } from 'node:net';
import type { QmpTrace } from '../wire/trace.ts';

/** Requests on their way to QEMU. Those caused by one read are sent in one write. */
export class Outgoing {
  readonly #socket: Socket;
  readonly #trace: QmpTrace;
  #gathered: string | undefined;
  #closed = false;

  constructor(socket: Socket, trace: QmpTrace) {
    this.#socket = socket;
    this.#trace = trace;
  }

  write(text: string): void {
    if (this.#closed) return;
    this.#trace.record('sent', text);
    if (this.#gathered === undefined) this.#socket.write(text);
    else this.#gathered += text;
  }

  /** Sends everything that `work` writes at its end. */
  gather(work: () => void): void {
    this.#gathered = '';
    try {
      work();
    } finally {
      const text = this.#gathered;
      this.#gathered = undefined;
      if (text !== '' && !this.#closed) this.#socket.write(text);
    }
  }

  /** From now on nothing is sent. */
  close(): void {
    this.#closed = true;
  }
}
