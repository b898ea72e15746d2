import type { OnReadOpts, Socket } from 'node:net';

const BUFFER_BYTES = 256 * 1024;

/**
 * Reads a connection into one reused buffer. The HTTP parser needs a new buffer for each piece, and allocating it
 * takes longer than receiving the piece. So the parser reads only the header, and a large content is read here.
 */
export class SocketReader {
  /** Option of net.connect, which a request passes on. */
  readonly onread: OnReadOpts = {
    buffer: Buffer.alloc(BUFFER_BYTES),
    callback: (bytes, buffer) => this.#pass(Buffer.from(buffer.buffer, buffer.byteOffset, bytes)),
  };
  #socket: Socket | undefined;
  #take: ((piece: Buffer) => void) | undefined;

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  /** Diverts the content from the parser. @param take gets each piece, which is valid only during the call. */
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
