import type { OnReadOpts, Socket } from 'node:net';

const BUFFER_BYTES = 256 * 1024;

/**
 * Reads a connection into one buffer, again and again. The HTTP parser wants a buffer of its own for each piece: to get
 * that memory from the kernel takes longer than to receive the piece. So the parser has the head, and whoever wants a
 * large content has it from here.
 */
export class SocketReader {
  /** For the options of net.connect, which are among those of a request. */
  readonly onread: OnReadOpts = {
    buffer: Buffer.alloc(BUFFER_BYTES),
    callback: (bytes, buffer) => this.#pass(Buffer.from(buffer.buffer, buffer.byteOffset, bytes)),
  };
  #socket: Socket | undefined;
  #take: ((piece: Buffer) => void) | undefined;

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  /** @param take gets what comes from now on in the parser's place; a piece is there during the call alone. */
  divert(take: (piece: Buffer) => void): void {
    this.#take = take;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  #pass(piece: Buffer): boolean {
    if (!this.#take) return this.#socket?.push(Buffer.from(piece)) ?? true;
    this.#take(piece);
    return true;
  }
}
