import { ftruncateSync, writeSync } from 'node:fs';
import { type FileHandle, constants, open } from 'node:fs/promises';
import { FileDigest } from '../digest/file-digest.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import type { ExpectedDigest } from '../digest/digest.ts';

type Algorithm = ExpectedDigest['algorithm'];

const NO_BYTES = Buffer.alloc(64 * 1024);
/** How much of a file's beginning is kept to detect its format. */
const HEAD_BYTES = 1024;
const READ_BYTES = 1024 * 1024;
/** How much is written to the page cache before a flush to the disk is started. */
const SYNC_BYTES = 128 * 1024 * 1024;

/**
 * A file that is written sequentially, and digested meanwhile by threads that read behind the writer. Chunks of zeros
 * become holes.
 */
export class DigestingFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #digests = new Map<Algorithm, FileDigest>();
  #bytes = 0;
  #isClosed = false;
  #head = Buffer.alloc(0);
  /** Bytes written since the last flush was started. */
  #unsyncedBytes = 0;
  #writtenBytes = 0;
  #syncing: Promise<void> | undefined;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens or creates a file. Its content is kept until `truncate`. @throws NoSpaceError, PermissionError. */
  static async open(path: string): Promise<DigestingFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    try {
      return new DigestingFile(path, await open(path, flags, 0o600));
    } catch (error) {
      throw writeFailure(error, path);
    }
  }

  /** Size of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes written, without holes. */
  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** The first bytes of the file, at most 1 KiB. */
  get head(): Buffer {
    return this.#head;
  }

  /** Continues after the content that an earlier run left. */
  async resume(): Promise<void> {
    const { size } = await this.#handle.stat();
    const { buffer, bytesRead } = await this.#handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    this.#head = buffer.subarray(0, bytesRead);
    this.#growTo(size);
  }

  /** Appends a whole file. @throws NoSpaceError, or the signal's reason. */
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

  /** Empties the file. */
  async truncate(): Promise<void> {
    await this.#closeDigests();
    await this.#handle.truncate(0);
    this.#bytes = 0;
    this.#head = Buffer.alloc(0);
  }

  /**
   * Appends a chunk. Synchronous, because a write to the page cache is faster than handing it to another thread.
   * @throws NoSpaceError, or the error of a digest.
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

  /** True when writing should wait for the disk. */
  get isBehind(): boolean {
    return this.#syncing !== undefined && this.#unsyncedBytes >= SYNC_BYTES;
  }

  /** Waits until the disk has caught up. @throws NoSpaceError. */
  async keepUp(): Promise<void> {
    if (!this.isBehind) return;
    try {
      await this.#syncing;
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** Flushes the file to the disk. @throws NoSpaceError. */
  async sync(): Promise<void> {
    try {
      await this.#syncing;
      await this.#handle.sync();
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** Starts to digest the file, including later writes. */
  beginDigest(algorithm: Algorithm): FileDigest {
    const started = this.#digests.get(algorithm);
    if (started) return started;
    const digest = new FileDigest({ path: this.path, descriptor: this.#handle.fd, algorithm });
    this.#digests.set(algorithm, digest);
    digest.growTo(this.#bytes);
    return digest;
  }

  /**
   * Returns the digest of the complete file in lower-case hexadecimal.
   * @param onRead called with the number of bytes digested so far.
   * @throws the error of reading it, or the signal's reason.
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
    // Errors are ignored: callers that depend on the flush have called `sync`.
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
      // On a disk that fills up, the first write is partial and the next one fails.
      done += writeSync(this.#handle.fd, chunk, done, chunk.length - done, this.#bytes + done);
    }
    this.#unsyncedBytes += chunk.length;
    this.#writtenBytes += chunk.length;
    if (this.#syncing === undefined && this.#unsyncedBytes >= SYNC_BYTES) this.#beginSync();
  }

  /** Starts a flush, so that not everything is left for the end. An error is kept for `keepUp` and `sync`. */
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
