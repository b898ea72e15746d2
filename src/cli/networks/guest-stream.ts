import { Duplex, type Readable, type Writable } from 'node:stream';

/** Both directions of a connection to a guest's port. */
export interface TwoStreams {
  readonly input: Writable;
  readonly output: Readable;
  readonly close: () => void;
}

/** A connection to a guest's port as one stream; each side ends separately. */
export class GuestStream extends Duplex {
  readonly #connection: TwoStreams;

  constructor(connection: TwoStreams) {
    super();
    this.#connection = connection;
    const { output } = connection;
    output.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) output.pause();
    });
    output.once('end', () => this.push(null));
    output.once('error', (error) => this.destroy(error));
  }

  override _read(): void {
    this.#connection.output.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#connection.input.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#connection.input.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.close();
    done(error);
  }
}
