/** What a FAT file system holds beside its files. */
export interface FatOptions {
  /** At most 11 characters of A to Z, 0 to 9, `_` and `-`. */
  readonly label: string;
  /** 32 bits that tell it from others; blkid shows them as its UUID. */
  readonly volumeId: number;
  /** The time of all files, to two seconds; from 1980 to 2107. */
  readonly time: Date;
}

/**
 * A FAT file system with these files in its root directory, with long names. The same files in the same order give
 * the same bytes.
 * @throws InvalidInputError for a name or a label that FAT cannot hold, two names that differ in case only, or more
 *   than FAT16 can hold.
 */
export function fatImage(files: ReadonlyMap<string, Uint8Array>, options: FatOptions): Uint8Array {
  throw new Error(`not written yet: ${files.size} ${options.label}`);
}
