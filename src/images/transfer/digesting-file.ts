import { type Hash, createHash } from 'node:crypto';
import { type FileHandle, constants, open } from 'node:fs/promises';
import { writeFailure } from '../write-failure.ts';
import type { ExpectedDigest } from './digest.ts';

type Algorithm = ExpectedDigest['algorithm'];

const NO_BYTES = Buffer.alloc(64 * 1024);
/** The first bytes of a file tell what it is. */
const HEAD_BYTES = 1024;
const READ_BYTES = 1024 * 1024;

/** A file that is written from its beginning to its end and digested on the way. What is zero takes no room in it. */
export class DigestingFile {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #hashes: Map<Algorithm, Hash>;
  #bytes = 0;
  #isClosed = false;
  #head = Buffer.alloc(0);

  private constructor(path: string, handle: FileHandle, algorithms: Iterable<Algorithm>) {
    this.path = path;
    this.#handle = handle;
    this.#hashes = new Map([...algorithms].map((algorithm) => [algorithm, createHash(algorithm)]));
  }

  /** Opens a file that is there, or a new one; what is in it is kept until `truncate`. @throws NoSpaceError, PermissionError. */
  static async open(path: string, algorithms: Iterable<Algorithm>): Promise<DigestingFile> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    try {
      return new DigestingFile(path, await open(path, flags, 0o600), algorithms);
    } catch (error) {
      throw writeFailure(error, path);
    }
  }

  /** As many as are in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** At most 1 KiB from its beginning. */
  get head(): Buffer {
    return this.#head;
  }

  /** Takes what an earlier run left in it as written. @throws the signal's reason. */
  async takeUp(
    signal: AbortSignal | undefined,
    onProgress: (bytes: number, total: number) => void,
  ): Promise<void> {
    const { size } = await this.#handle.stat();
    const buffer = Buffer.alloc(READ_BYTES);
    while (this.#bytes < size) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#bytes);
      if (bytesRead === 0) break;
      this.#digest(buffer.subarray(0, bytesRead));
      onProgress(this.#bytes, size);
    }
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
        await this.write([buffer.subarray(0, bytesRead)]);
        onProgress(this.#bytes);
      }
    } finally {
      await source.close();
    }
  }

  /** Makes it empty. */
  async truncate(): Promise<void> {
    await this.#handle.truncate(0);
    this.#bytes = 0;
    this.#head = Buffer.alloc(0);
    for (const algorithm of this.#hashes.keys()) this.#hashes.set(algorithm, createHash(algorithm));
  }

  /** @throws NoSpaceError. */
  async write(chunks: readonly Buffer[]): Promise<void> {
    let run: Buffer[] = [];
    let runStart = this.#bytes;
    try {
      for (const chunk of chunks) {
        if (isZero(chunk)) {
          await this.#writeRun(run, runStart);
          run = [];
          runStart = this.#bytes + chunk.length;
        } else {
          run.push(chunk);
        }
        this.#digest(chunk);
      }
      await this.#writeRun(run, runStart);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** Writes it to the disk. @throws NoSpaceError. */
  async sync(): Promise<void> {
    try {
      await this.#handle.truncate(this.#bytes);
      await this.#handle.sync();
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** In lower-case hexadecimal. */
  digest(algorithm: Algorithm): string {
    const hash = this.#hashes.get(algorithm);
    if (!hash) throw new TypeError(`${this.path} was not digested by ${algorithm}`);
    return hash.copy().digest('hex');
  }

  /** What was skipped at its end counts as written for whoever takes it up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#handle.truncate(this.#bytes);
    } finally {
      await this.#handle.close();
    }
  }

  #digest(chunk: Buffer): void {
    if (this.#head.length < HEAD_BYTES) {
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    }
    for (const hash of this.#hashes.values()) hash.update(chunk);
    this.#bytes += chunk.length;
  }

  async #writeRun(chunks: readonly Buffer[], position: number): Promise<void> {
    let rest = [...chunks];
    let at = position;
    while (rest.length > 0) {
      // A disk that fills up takes a part first, and says why it takes no more when it is asked again.
      const { bytesWritten } = await this.#handle.writev(rest, at);
      at += bytesWritten;
      rest = without(rest, bytesWritten);
    }
  }
}

function without(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let skip = bytes;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}

function isZero(chunk: Buffer): boolean {
  if (chunk[0] !== 0) return false;
  for (let at = 0; at < chunk.length; at += NO_BYTES.length) {
    const part = chunk.subarray(at, at + NO_BYTES.length);
    if (!part.equals(NO_BYTES.subarray(0, part.length))) return false;
  }
  return true;
}
