import { dirname } from 'node:path';
import { formatBytes } from '../qemu-img/disk-size.ts';
import { longestFileOf } from '../formats/declared-size.ts';
import type { DigestingFile } from './digesting-file.ts';
import { freeBytes } from './space.ts';
import type { Subject } from './subject.ts';

/** As much of a file as says what disk is in it. */
const HEAD_BYTES = 1024;
/** Of the free space, for what does not say how large it is, or says that it is larger than that. */
const SHARE = 0.5;

const LIFTED =
  'If it is what it should be, lift the limit: vmlet pull --any-size, vmlet image import --any-size.';

interface UnpackLimitOptions {
  readonly subject: Subject;
  readonly maxBytes: number;
  readonly reserveBytes: number;
  /** What the compressed file says that it unpacks to, at least. */
  readonly announcedBytes: number | undefined;
  readonly anySize: boolean;
}

type Unpacked = Pick<DigestingFile, 'bytes' | 'writtenBytes' | 'head'>;

/**
 * Bounds what is unpacked by what it says of itself: a file of some kilobytes may unpack to any number of bytes. A file
 * may be as long as the disk that its header describes needs, and where it says nothing, or more than there is room for,
 * it may take half of the room. Holes take none: a sparse disk may be of any size.
 */
export class UnpackLimit {
  readonly #file: Unpacked;
  readonly #options: UnpackLimitOptions;
  readonly #room: number;
  #longest = Infinity;
  #mostWritten = Infinity;
  #isKnown = false;

  /** @param room bytes that may be written. @throws what `subject` says of a file that announces too much. */
  constructor(file: Unpacked, room: number, options: UnpackLimitOptions) {
    this.#file = file;
    this.#room = room;
    this.#options = options;
    this.#refuseLonger(options.announcedBytes ?? 0, options.maxBytes, 'allowed');
  }

  static async begin(file: DigestingFile, options: UnpackLimitOptions): Promise<UnpackLimit> {
    const room = (await freeBytes(dirname(file.path))) - options.reserveBytes;
    return new UnpackLimit(file, room, options);
  }

  /** Before `bytes` more are written. @throws what `subject` says of too much. */
  check(bytes: number): void {
    const { subject, maxBytes, anySize, announcedBytes = 0 } = this.#options;
    const length = this.#file.bytes + bytes;
    this.#refuseLonger(length, maxBytes, 'allowed');
    if (anySize) return;
    if (!this.#isKnown && this.#file.bytes >= HEAD_BYTES) {
      this.#isKnown = true;
      this.#longest = longestFileOf(this.#file.head) ?? Infinity;
      this.#mostWritten = this.#longest <= this.#room ? Infinity : this.#room * SHARE;
      this.#refuseLonger(announcedBytes, this.#longest, 'that its header speaks of');
    }
    this.#refuseLonger(length, this.#longest, 'that its header speaks of');
    if (this.#file.writtenBytes + bytes <= this.#mostWritten) return;
    throw subject.refuse(
      'too-large',
      `unpacks to more than half of the ${formatBytes(this.#room)} that are free, and does not say that it is that large`,
      { hint: LIFTED },
    );
  }

  #refuseLonger(bytes: number, most: number, which: string): void {
    if (bytes <= most) return;
    const hint = which === 'allowed' ? {} : { hint: LIFTED };
    throw this.#options.subject.refuse(
      'too-large',
      `unpacks to more than the ${formatBytes(Math.floor(most))} ${which}`,
      hint,
    );
  }
}
