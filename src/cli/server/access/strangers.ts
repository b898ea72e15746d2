import type { Duplex } from 'node:stream';

/** Fewer than the server has room for: its owner always gets in. */
const MOST = 128;

/** Connections that have sent no valid credentials yet. Every user of the host can open them. */
export class Strangers {
  readonly #open = new Set<Duplex>();

  get count(): number {
    return this.#open.size;
  }

  /** Adds a connection. When there are too many, the oldest is ended. */
  add(connection: Duplex): void {
    this.#open.add(connection);
    connection.once('close', () => this.#open.delete(connection));
    const [oldest] = this.#open;
    if (this.#open.size > MOST) oldest?.destroy();
  }

  /** Returns true if the connection was one of them. */
  delete(connection: Duplex): boolean {
    return this.#open.delete(connection);
  }
}
