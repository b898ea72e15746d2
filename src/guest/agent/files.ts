import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GuestFileError, GuestProtocolError, InvalidInputError } from '../../errors/index.ts';
import { type Deferred, deferred } from '../../util/time/deferred.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { isWellFormed } from '../../util/options/well-formed.ts';
import { fileFailure } from './failure.ts';
import { FieldWriter, Operation, PushFlag, Tag, readFields } from './fields.ts';
import { type Frame, FrameType, Stream } from './agent-frame.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';
import { sendRequest } from './request.ts';
import type { Channel, Session } from './session.ts';

/** Options of writing a file in the guest. */
export interface PushOptions {
  /** Permission bits; by default those of the replaced file, or 0o644. */
  readonly mode?: number | undefined;
  /** Milliseconds since 1970; now by default. */
  readonly mtimeMs?: number | undefined;
  /** Create missing parent directories with mode 0o755; false by default. */
  readonly parents?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of reading a file of the guest. */
export interface PullOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Linux stores nanoseconds in 63 bits. */
const LATEST_MS = 2 ** 63 / 1e6 - 1;

/**
 * Sizes without meaning: files in /proc and most other virtual file systems report 0 bytes, files in /sys one page,
 * whatever their contents.
 */
const NOMINAL_SIZES: readonly number[] = [0, 4096];

/** Attributes of a file in the guest when it was opened. */
export interface FileAttributes {
  /** Size in bytes at opening; always 0 for files in /proc and 4096 for files in /sys. */
  readonly size: number;
  readonly mode: number;
  readonly mtimeMs: number;
}

/**
 * Writes a file in the guest. It gets its name when it is complete; until then, and on failure, an earlier file of that
 * name is unchanged.
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
  const { signal } = options;
  const giveUp = (error: unknown): void => {
    session.send(FrameType.cancel, 0, id);
    done.reject(error);
  };
  // Also when all has been sent: an agent whose file system hangs does not answer.
  const forget = signal && onAbort(signal, giveUp);
  // The agent may refuse the file before the source has ended.
  const answered = new AbortController();
  const either = signal ? AbortSignal.any([signal, answered.signal]) : answered.signal;
  pipeline(content, input.stream, { signal: either }).catch((error: unknown) => {
    if (!either.aborted) giveUp(error);
  });
  try {
    await done.promise;
  } finally {
    answered.abort();
    forget?.();
  }
}

/** The contents of a file in the guest. The reader sets the pace. */
export class GuestFile implements AsyncIterable<Buffer> {
  readonly #path: string;
  readonly stream: Readable;
  /** Settles when the file has been opened. */
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
    const giveUp = (reason: unknown): void => {
      attributes.reject(reason);
      this.stream.destroy(reason as Error);
    };
    const forget = signal && onAbort(signal, giveUp);
    this.stream.once('close', () => {
      forget?.();
      if (!output.ended) session.send(FrameType.cancel, 0, id);
    });
    sendRequest(session, id, body);
  }

  /** Iterates over the contents in chunks. */
  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this.stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /**
   * Yields the contents, and fails if they are shorter or longer than the size at opening. A size of 0 or 4096 is not
   * compared: files in /proc and /sys report it regardless of their contents.
   * @throws GuestFileError, with errno EIO for a different size.
   */
  async *whole(): AsyncGenerator<Buffer> {
    const { size } = await this.attributes;
    let received = 0;
    for await (const chunk of this) {
      received += chunk.length;
      if (received > size && !NOMINAL_SIZES.includes(size)) throw this.#otherSize(size, 'more bytes arrived');
      yield chunk;
    }
    if (received !== size && !NOMINAL_SIZES.includes(size))
      throw this.#otherSize(size, `only ${received} bytes arrived`);
  }

  #otherSize(size: number, found: string): GuestFileError {
    return new GuestFileError(
      this.#path,
      'EIO',
      `the file had ${size} bytes when it was opened, but ${found}`,
      {
        hint: `if another program was writing the file, copy it again; for files in /proc or /sys, use: ${catCommand(this.#path)}`,
      },
    );
  }
}

function catCommand(path: string): string {
  return `vmlet exec NAME -- cat ${path} >FILE`;
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
        const failure = failureOf(frame, path, `to read it, run: ${catCommand(path)}`);
        release();
        fail(failure);
      }
    },
  };
}

/** @throws GuestProtocolError when the frame is not a failure. */
function failureOf(frame: Frame, path: string, instead?: string): GuestFileError {
  if (frame.type === FrameType.failed) return fileFailure(frame, path, instead);
  throw new GuestProtocolError(
    `the guest agent sent an unexpected message of type ${frame.type} during a file transfer`,
  );
}

function readAttributes({ payload }: Frame): FileAttributes {
  const fields = readFields(payload);
  const [size, mode, mtime] = [Tag.size, Tag.mode, Tag.mtime].map((tag) => fields?.get(tag));
  if (size?.length !== 8 || mode?.length !== 4 || mtime?.length !== 8) {
    throw new GuestProtocolError('the guest agent opened a file without reporting its attributes');
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
      throw new InvalidInputError(
        'mode',
        `invalid mode ${mode}: expected permission bits from 0 to 0o7777 (4095)`,
      );
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
      `invalid time ${milliseconds}: expected milliseconds since 1970, before the year 2262`,
    );
  }
  return BigInt(Math.round(milliseconds * 1000)) * 1000n;
}

function absolute(path: string): string {
  if (path.startsWith('/') && !path.includes('\0') && path.length < 4096 && isWellFormed(path)) return path;
  const expected = path.startsWith('/')
    ? 'at most 4095 characters of valid Unicode, without NUL'
    : 'an absolute path in the guest';
  throw new InvalidInputError('path', `invalid path ${JSON.stringify(path)}: expected ${expected}`);
}
