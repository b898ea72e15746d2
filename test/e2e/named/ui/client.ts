import type { WebSocket } from 'ws';
import { until } from '../../../until.ts';

/** A WebSocket of the server, and what it has received. */
export class Client {
  readonly socket: WebSocket;
  readonly messages: unknown[] = [];
  readonly closed: Promise<number>;
  #bytes = Buffer.alloc(0);

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.#bytes = Buffer.concat([this.#bytes, data]);
      else this.messages.push(JSON.parse(data.toString('utf8')));
    });
    // It is closed after an error, which tests check.
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  get text(): string {
    return this.#bytes.toString('latin1');
  }

  /** Waits until it was opened, even if it is closed again. */
  async opened(): Promise<this> {
    await until(() => this.socket.readyState !== this.socket.CONNECTING);
    return this;
  }

  async shows(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.text) || this.#stillOpen());
  }

  /** Waits for a message that has these fields. */
  async told(check: (message: never) => unknown): Promise<unknown> {
    return until(
      () => this.messages.find((message) => Boolean(check(message as never))) ?? this.#stillOpen(),
    );
  }

  /** @throws Error when nothing can come any more. */
  #stillOpen(): false {
    if (this.socket.readyState !== this.socket.CLOSED) return false;
    throw new Error(`the server has closed it: ${JSON.stringify(this.messages.at(-1))}`);
  }

  type(text: string): void {
    this.socket.send(Buffer.from(text));
  }
}
