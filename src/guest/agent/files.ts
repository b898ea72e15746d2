import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GuestFileError, GuestProtocolError, InvalidInputError } from '../../errors/index.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { isWellFormed } from '../../util/well-formed.ts';
import { fileFailure } from './failure.ts';
import { FieldWriter, Operation, PushFlag, Tag, readFields } from './fields.ts';
import { type Frame, FrameType, Stream } from './frame.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';
import { sendRequest } from './request.ts';
import type { Channel, Session } from './session.ts';

export interface PushOptions {
  /** Permission bits; those of the file that is replaced, else 0o644, by default. */
  readonly mode?: number | undefined;
  /** Milliseconds since 1970; now by default. */
  readonly mtimeMs?: number | undefined;
  /** Creates the folders above it, with mode 0o755; false by default. */
  readonly parents?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Linux counts nanoseconds in 63 bits. */
const LATEST_MS = 2 ** 63 / 1e6 - 1;

/**
 * Sizes that say nothing: files of /proc and most other file systems that the kernel makes up announce 0 bytes, those of
 * /sys a page, and they hold more or less.
 */
const MADE_UP_SIZES: readonly number[] = [0, 4096];

export interface FileAttributes {
  /** Bytes when it was opened; 0 for the files of /proc and 4096 for those of /sys, whatever they hold. */
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
}

/**
 * Writes a file in the guest. It appears under its name when it is whole; until then, and when this fails, what was
 * there before stays.
 * @throws GuestFileError, GuestClosedError, GuestProtocolError, the signal's reason, or what `source` threw.
 */
export async function pushFile(
  session: Session,
  source: string | Uint8Array | AsyncIterable<Uint8Array>,
  path: string,
  options: PushOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  const body = encodePush(path, options);
  const done = deferred<undefined>();
  const channel: Channel = {
    receive: (frame) => {
      if (frame.type === FrameType.credit && frame.payload.length === 4) {
        input.grant(frame.payload.readUInt32LE(0));
        return;
      }
      const failure = frame.type === FrameType.done ? undefined : failureOf(frame, path);
      session.release(id);
      input.refuse();
      if (failure) done.reject(failure);
      else done.resolve(undefined);
    },
    fail: (error) => {
      input.refuse();
      done.reject(error);
    },
  };
  const input = new Input(
    (bytes) => session.send(FrameType.data, Stream.file, id, bytes),
    () => session.send(FrameType.end, Stream.file, id),
  );
  const id = session.add(channel);
  sendRequest(session, id, body);
  const content = typeof source === 'string' || source instanceof Uint8Array ? [Buffer.from(source)] : source;
  const sent = pipeline(content, input.stream, { ...(options.signal && { signal: options.signal }) });
  sent.catch((error: unknown) => {
    session.send(FrameType.cancel, 0, id);
    done.reject(options.signal?.aborted === true ? options.signal.reason : error);
  });
  await done.promise;
}

/** A file's content, out of the guest, up to where it ends. Its reader sets the pace. */
export class GuestFile implements AsyncIterable<Buffer> {
  readonly #path: string;
  readonly stream: Readable;
  /** Settles when the file is open. */
  readonly attributes: Promise<FileAttributes>;

  /** Use `GuestAgent.pull`. */
  constructor(session: Session, path: string, options: PullOptions) {
    options.signal?.throwIfAborted();
    this.#path = path;
    const body = new FieldWriter(Operation.pull).text(Tag.path, absolute(path)).toBuffer();
    const attributes = deferred<FileAttributes>();
    attributes.promise.catch(() => undefined);
    this.attributes = attributes.promise;
    const output = new Output(0, (bytes) => {
      const credit = Buffer.alloc(4);
      credit.writeUInt32LE(bytes);
      session.send(FrameType.credit, Stream.file, id, credit);
    });
    this.stream = output.take();
    const id = session.add(pullChannel(path, output, attributes, () => session.release(id)));
    const { signal } = options;
    const onAbort = (): void => void this.stream.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.stream.once('close', () => {
      signal?.removeEventListener('abort', onAbort);
      if (!output.ended) session.send(FrameType.cancel, 0, id);
    });
    sendRequest(session, id, body);
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this.stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /**
   * The content, which fails where it is shorter or longer than the file was when it was opened. A size of 0 or 4096 is
   * not compared: files of /proc and /sys announce it, whatever they hold.
   * @throws GuestFileError, with errno EIO for another size.
   */
  async *whole(): AsyncGenerator<Buffer> {
    const { size } = await this.attributes;
    let received = 0;
    for await (const chunk of this) {
      received += chunk.length;
      if (received > size && !MADE_UP_SIZES.includes(size)) throw this.#otherSize(size, `more came`);
      yield chunk;
    }
    if (received !== size && !MADE_UP_SIZES.includes(size)) throw this.#otherSize(size, `${received} came`);
  }

  #otherSize(size: number, found: string): GuestFileError {
    return new GuestFileError(this.#path, 'EIO', `it had ${size} bytes when it was opened, and ${found}`, {
      hint: 'It may have changed while it was read. Copy it again, or read it through a pipe: vmlet exec NAME -- cat PATH',
    });
  }
}

function pullChannel(
  path: string,
  output: Output,
  attributes: Deferred<FileAttributes>,
  release: () => void,
): Channel {
  let started = false;
  const fail = (error: Error): void => {
    attributes.reject(error);
    output.fail(error);
  };
  return {
    fail,
    receive: (frame) => {
      if (frame.type === FrameType.started) {
        attributes.resolve(readAttributes(frame));
        started = true;
      } else if (started && frame.type === FrameType.data) {
        output.push(frame.payload);
      } else if (started && frame.type === FrameType.done) {
        release();
        output.end();
      } else {
        const failure = failureOf(frame, path);
        release();
        fail(failure);
      }
    },
  };
}

/** @throws GuestProtocolError for what is no failure. */
function failureOf(frame: Frame, path: string): GuestFileError {
  if (frame.type === FrameType.failed) return fileFailure(frame, path);
  throw new GuestProtocolError(`the guest agent sent frame ${frame.type} about a file`);
}

function readAttributes({ payload }: Frame): FileAttributes {
  const fields = readFields(payload);
  const [size, mode, mtime] = [Tag.size, Tag.mode, Tag.mtime].map((tag) => fields?.get(tag));
  if (size?.length !== 8 || mode?.length !== 4 || mtime?.length !== 8) {
    throw new GuestProtocolError('the guest agent opened a file without saying what it is');
  }
  return {
    size: Number(size.readBigUInt64LE(0)),
    mode: mode.readUInt32LE(0),
    mtimeMs: Number(mtime.readBigUInt64LE(0)) / 1e6,
  };
}

function encodePush(path: string, options: PushOptions): Buffer {
  const writer = new FieldWriter(Operation.push).text(Tag.path, absolute(path));
  const { mode, mtimeMs } = options;
  if (mode !== undefined) {
    if (!Number.isInteger(mode) || mode < 0 || mode > 0o7777) {
      throw new InvalidInputError('mode', `is ${mode}; it must be permission bits, from 0 to 0o7777`);
    }
    writer.u32(Tag.mode, mode);
  }
  if (mtimeMs !== undefined) writer.u64(Tag.mtime, nanoseconds('mtimeMs', mtimeMs));
  if (options.parents === true) writer.u32(Tag.flags, PushFlag.parents);
  return writer.toBuffer();
}

/** @throws InvalidInputError */
export function nanoseconds(field: string, milliseconds: number): bigint {
  if (!(milliseconds >= 0 && milliseconds <= LATEST_MS)) {
    throw new InvalidInputError(
      field,
      `is ${milliseconds}; it must be milliseconds since 1970, before the year 2262`,
    );
  }
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}

function absolute(path: string): string {
  if (path.startsWith('/') && !path.includes('\0') && path.length < 4096 && isWellFormed(path)) return path;
  throw new InvalidInputError('path', `is ${JSON.stringify(path)}; it must be an absolute path in the guest`);
}
