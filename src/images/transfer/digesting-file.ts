import { ftruncateSync, writeSync } from 'node:fs';
import { type FileHandle, constants, open } from 'node:fs/promises';
import { FileDigest } from '../digest/file-digest.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import type { ExpectedDigest } from '../digest/digest.ts';

type Algorithm = ExpectedDigest['algorithm'];

const NO_BYTES = Buffer.alloc(64 * 1024);
/** The first bytes of a file tell what it is. */
const HEAD_BYTES = 1024;
const READ_BYTES = 1024 * 1024;
/** As much is written to memory before the disk is to begin with it. */
const SYNC_BYTES = 128 * 1024 * 1024;

/**
 * A file that is written from its beginning to its end, and digested on the way by threads that read behind the writer.
 * What is zero takes no room in it.
 */
export class DigestingFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #digests = new Map<Algorithm, FileDigest>();
  #bytes = 0;
  #isClosed = false;
  #head = Buffer.alloc(0);
  /** What came since the disk last began to write. */
  #unsyncedBytes = 0;
  #writtenBytes = 0;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens a file that is there, or a new one; what is in it is kept until `truncate`. @throws NoSpaceError, PermissionError. */
  static async open(path: string): Promise<DigestingFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    try {
      return new DigestingFile(path, await open(path, flags, 0o600));
    } catch (error) {
      throw writeFailure(error, path);
    }
  }

  /** As many as are in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** As many of them as are no holes. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** At most 1 KiB from its beginning. */
  get head(): Buffer {
    return this.#head;
  }

  /** Takes what an earlier run left in it as written. */
  async takeUp(): Promise<void> {
    const { size } = await this.#handle.stat();
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    this.#head = buffer.subarray(0, bytesRead);
    this.#growTo(size);
  }

  /** Writes a whole file behind what is in it. @throws NoSpaceError, or the signal's reason. */
  async copyFrom(
    path: string,
    signal: AbortSignal | undefined,
    onProgress: (bytes: number) => void,
  ): Promise<void> {
    const source = await open(path, 'r');
    try {
      const buffer = Buffer.alloc(READ_BYTES);
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) return;
        this.write(buffer.subarray(0, bytesRead));
        await this.keepUp();
        onProgress(this.#bytes);
      }
    } finally {
      await source.close();
    }
  }

  /** Makes it empty. */
  async truncate(): Promise<void> {
    await this.#closeDigests();
    await this.#handle.truncate(0);
    this.#bytes = 0;
    this.#head = Buffer.alloc(0);
  }

  /**
   * Writes into the kernel's memory, which takes less time than to hand it to another thread.
   * @throws NoSpaceError, or what a digest failed with.
   */
  write(chunk: Buffer): void {
    const end = this.#bytes + chunk.length;
    try {
      if (isZero(chunk)) ftruncateSync(this.#handle.fd, end);
      else this.#writeWhole(chunk);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
    if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    }
    this.#growTo(end);
  }

  /** Whether the disk is so far behind that no more should be written now. */
  get isBehind(): boolean {
    return this.#syncing !== undefined && this.#unsyncedBytes >= SYNC_BYTES;
  }

  /** Waits while the disk is behind. @throws NoSpaceError. */
  async keepUp(): Promise<void> {
    if (!this.isBehind) return;
    try {
      await this.#syncing;
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** Writes it to the disk. @throws NoSpaceError. */
  async sync(): Promise<void> {
    try {
      await this.#syncing;
      await this.#handle.sync();
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** Begins to digest what is there and what will come. */
  beginDigest(algorithm: Algorithm): FileDigest {
    const begun = this.#digests.get(algorithm);
    if (begun) return begun;
    const digest = new FileDigest({ path: this.path, descriptor: this.#handle.fd, algorithm });
    this.#digests.set(algorithm, digest);
    digest.growTo(this.#bytes);
    return digest;
  }

  /**
   * Of the whole file, in lower-case hexadecimal.
   * @param onRead called with the bytes that were digested, while it waits.
   * @throws what reading it failed with, or the signal's reason.
   */
  async digest(
    algorithm: Algorithm,
    signal: AbortSignal | undefined,
    onRead?: (bytes: number) => void,
  ): Promise<string> {
    return this.beginDigest(algorithm).digest(signal, onRead);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#closeDigests();
    // Whoever needs to know whether it is on the disk has called `sync`.
    await this.#syncing?.catch(() => undefined);
    await this.#handle.close();
  }

  async #closeDigests(): Promise<void> {
    const digests = [...this.#digests.values()];
    this.#digests.clear();
    await Promise.all(digests.map(async (digest) => digest.close()));
  }

  #writeWhole(chunk: Buffer): void {
    for (let done = 0; done < chunk.length;) {
      // A disk that fills up takes a part first, and says why it takes no more when it is asked again.
      done += writeSync(this.#handle.fd, chunk, done, chunk.length - done, this.#bytes + done);
    }
    this.#unsyncedBytes += chunk.length;
    this.#writtenBytes += chunk.length;
    if (this.#syncing === undefined && this.#unsyncedBytes >= SYNC_BYTES) this.#beginSync();
  }

  /** Else all of it would be left for the end. A failure stays, for whoever waits for the disk. */
  #beginSync(): void {
    this.#unsyncedBytes = 0;
    const syncing = this.#handle.datasync().then(() => {
      this.#syncing = undefined;
    });
    syncing.catch(() => undefined);
    this.#syncing = syncing;
  }

  #growTo(bytes: number): void {
    this.#bytes = bytes;
    for (const digest of this.#digests.values()) digest.growTo(bytes);
  }
}

function isZero(chunk: Buffer): boolean {
  if (chunk[0] !== 0) return false;
  for (let at = 0; at < chunk.length; at += NO_BYTES.length) {
    const part = chunk.subarray(at, at + NO_BYTES.length);
    if (!part.equals(NO_BYTES.subarray(0, part.length))) return false;
  }
  return true;
}
