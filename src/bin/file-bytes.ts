import { readSync } from 'node:fs';

/** Missing from the types of ES2023; Node 20 has it. */
interface ResizableBuffer extends ArrayBuffer {
  resize(length: number): void;
}
const ResizableBuffer = ArrayBuffer as unknown as new (
  length: number,
  options: { readonly maxByteLength: number },
) => ResizableBuffer;

/**
 * The bytes of a file, for a short time: their memory is returned to the system at the end, not by a garbage collection,
 * which a command that waits for a guest does not have.
 */
export class FileBytes implements Disposable {
  readonly bytes: Buffer;
  readonly #memory: ResizableBuffer;

  /** Reads `size` bytes of an open file, and puts them between `head` and `tail`. */
  constructor(descriptor: number, size: number, head = NOTHING, tail = NOTHING) {
    const end = head.length + size;
    const length = end + tail.length;
    this.#memory = new ResizableBuffer(length, { maxByteLength: length });
    this.bytes = Buffer.from(this.#memory);
    head.copy(this.bytes);
    for (let at = head.length; at < end;) {
      const read = readSync(descriptor, this.bytes, at, end - at, null);
      if (read === 0) throw new Error('the file became shorter while it was read');
      at += read;
    }
    tail.copy(this.bytes, end);
  }

  /** `bytes` is empty afterwards. */
  [Symbol.dispose](): void {
    this.#memory.resize(0);
  }
}

const NOTHING = Buffer.alloc(0);
