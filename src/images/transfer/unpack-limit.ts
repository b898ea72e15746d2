import { dirname } from 'node:path';
import { formatBytes } from '../../util/format-bytes.ts';
import { longestFileOf } from '../formats/declared-size.ts';
import type { DigestingFile } from './digesting-file.ts';
import { freeBytes } from './space.ts';
import type { Subject } from './subject.ts';

/** How much of a file is needed to read the size of its disk. */
const HEAD_BYTES = 1024;
/** Share of the free space for a file without a known size, or larger than the free space. */
const SHARE = 0.5;

const ANY_SIZE_HINT =
  'if you trust the file, remove this limit: add --any-size to vmlet pull or vmlet image import';

interface UnpackLimitOptions {
  readonly subject: Subject;
  readonly maxBytes: number;
  readonly reserveBytes: number;
  /** The unpacked size that the compressed file announces, a lower bound. */
  readonly announcedBytes: number | undefined;
  readonly anySize: boolean;
}

type Unpacked = Pick<DigestingFile, 'bytes' | 'writtenBytes' | 'head'>;

/**
 * Limits the unpacked size, since a file of some kilobytes may unpack to any number of bytes. A file may be as long as
 * the disk in its header requires. If it states no size, or more than is free, it may use half of the free space.
 * Holes do not count, so a sparse disk may have any size.
 */
export class UnpackLimit {
  readonly #file: Unpacked;
  readonly #options: UnpackLimitOptions;
  readonly #room: number;
  #longest = Infinity;
  #mostWritten = Infinity;
  #isKnown = false;

  /** @param room bytes that may be written. @throws an error of `subject` for a file that announces too much. */
  constructor(file: Unpacked, room: number, options: UnpackLimitOptions) {
    this.#file = file;
    this.#room = room;
    this.#options = options;
    this.#refuseLonger(options.announcedBytes ?? 0, options.maxBytes, 'limit');
  }

  static async begin(file: DigestingFile, options: UnpackLimitOptions): Promise<UnpackLimit> {
    const room = (await freeBytes(dirname(file.path))) - options.reserveBytes;
    return new UnpackLimit(file, room, options);
  }

  /** Checks the limit before `bytes` more are written. @throws an error of `subject`. */
  check(bytes: number): void {
    const { subject, maxBytes, anySize, announcedBytes = 0 } = this.#options;
    const length = this.#file.bytes + bytes;
    this.#refuseLonger(length, maxBytes, 'limit');
    if (anySize) return;
    if (!this.#isKnown && this.#file.bytes >= HEAD_BYTES) {
      this.#isKnown = true;
      this.#longest = longestFileOf(this.#file.head) ?? Infinity;
      this.#mostWritten = this.#longest <= this.#room ? Infinity : this.#room * SHARE;
      this.#refuseLonger(announcedBytes, this.#longest, 'header');
    }
    this.#refuseLonger(length, this.#longest, 'header');
    if (this.#file.writtenBytes + bytes <= this.#mostWritten) return;
    const most = `unpacks to more than ${formatBytes(Math.floor(this.#mostWritten))} (half of the free space)`;
    const why =
      this.#longest === Infinity
        ? 'the header of the file does not state a disk size'
        : `the header of the file states a size of ${formatBytes(this.#longest)}, which exceeds the free space`;
    throw subject.refuse('too-large', `${most}; this limit applies because ${why}`, {
      hint: ANY_SIZE_HINT,
    });
  }

  #refuseLonger(bytes: number, most: number, reason: 'limit' | 'header'): void {
    if (bytes <= most) return;
    const size = formatBytes(Math.floor(most));
    const { subject } = this.#options;
    if (reason === 'limit') {
      throw subject.refuse('too-large', `unpacks to more than ${size}, the largest size that vmlet accepts`);
    }
    throw subject.refuse('too-large', `unpacks to more than the ${size} stated in its header`, {
      hint: ANY_SIZE_HINT,
    });
  }
}
