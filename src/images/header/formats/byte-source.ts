/** A source of bytes: an open file, or a buffer. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** Returns the available part of a range, which the caller keeps within `size`. */
  readonly read: (offset: number, length: number) => Promise<Buffer>;
}

/** How many bytes of one image are read at most. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024;
/** How many reads of one image there are at most. */
const MAX_READS = 4096;

/** The header contradicts itself, its format or the size of its file. The message is a predicate about the image. */
export class HeaderDamage extends Error {}

/** Reads an untrusted header: never beyond the end of the file, and only a few MiB in total. */
export class HeaderReader {
  readonly #source: ByteSource;
  #bytesLeft = MAX_HEADER_BYTES;
  #readsLeft = MAX_READS;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get size(): number {
    return this.#source.size;
  }

  /** Whether a range is within the file. */
  holds(offset: bigint, length: bigint): boolean {
    return offset >= 0n && length >= 0n && offset + length <= BigInt(this.size);
  }

  /**
   * Reads exactly these bytes.
   * @param what names them in errors, as in "its L1 table".
   * @throws HeaderDamage
   */
  async bytes(offset: number | bigint, length: number, what: string): Promise<Buffer> {
    if (!this.holds(BigInt(offset), BigInt(length))) {
      throw new HeaderDamage(
        `is truncated or corrupt: ${what} would end at byte ${BigInt(offset) + BigInt(length)}, but the file has only ${this.size} bytes`,
      );
    }
    return this.#read(Number(offset), length, what);
  }

  /** Reads the available part of these bytes. */
  async upTo(offset: number, length: number, what: string): Promise<Buffer> {
    const there = Math.max(0, Math.min(length, this.size - offset));
    return this.#read(offset, there, what);
  }

  async #read(offset: number, length: number, what: string): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    this.#bytesLeft -= length;
    this.#readsLeft -= 1;
    if (this.#bytesLeft < 0 || this.#readsLeft < 0) {
      throw new HeaderDamage(
        `has a header that is too large: vmlet reads at most ${MAX_HEADER_BYTES} bytes (limit exceeded in ${what})`,
      );
    }
    const bytes = await this.#source.read(offset, length);
    if (bytes.length < length) throw new HeaderDamage('was truncated while it was read');
    return bytes;
  }
}
