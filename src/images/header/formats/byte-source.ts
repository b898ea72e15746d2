/** Something with bytes at positions: an open file, or a buffer. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** As much of the range as there is; the caller asks for no more than `size` allows. */
  readonly read: (offset: number, length: number) => Promise<Buffer>;
}

/** What is read of one image at most, whatever its header says. */
export const MAX_HEADER_BYTES = 4 * 1024 * 1024;
/** How often at most. */
const MAX_READS = 4096;

/** The header contradicts itself, its format or the size of its file. The message is a predicate: the image is the subject. */
export class HeaderDamage extends Error {}

/** Reads a stranger's header: nothing outside of the file, and no more than a few MiB altogether. */
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

  /** Whether a range lies in the file. */
  holds(offset: bigint, length: bigint): boolean {
    return offset >= 0n && length >= 0n && offset + length <= BigInt(this.size);
  }

  /**
   * Exactly these bytes.
   * @param what names them, as in "its L1 table".
   * @throws HeaderDamage
   */
  async bytes(offset: number | bigint, length: number, what: string): Promise<Buffer> {
    if (!this.holds(BigInt(offset), BigInt(length))) {
      throw new HeaderDamage(
        `is cut off or damaged: ${what} would end at byte ${BigInt(offset) + BigInt(length)}, and the file has ${this.size}`,
      );
    }
    return this.#read(Number(offset), length, what);
  }

  /** The same, but only what there is of them. */
  async upTo(offset: number, length: number, what: string): Promise<Buffer> {
    const there = Math.max(0, Math.min(length, this.size - offset));
    return this.#read(offset, there, what);
  }

  async #read(offset: number, length: number, what: string): Promise<Buffer> {
    if (length === 0) return Buffer.alloc(0);
    this.#bytesLeft -= length;
    this.#readsLeft -= 1;
    if (this.#bytesLeft < 0 || this.#readsLeft < 0) {
      throw new HeaderDamage(`has more in its header than is looked at (${what})`);
    }
    const bytes = await this.#source.read(offset, length);
    if (bytes.length < length) throw new HeaderDamage('became shorter while it was read');
    return bytes;
  }
}
