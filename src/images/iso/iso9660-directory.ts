import { type IsoFile } from './iso9660-file.ts';
import {
  type DirectoryRecord,
  type Extent,
  IsoDamage,
  checkedName,
  isSelfOrParent,
  jolietName,
  parseDirectory,
  plainName,
} from './iso9660-format.ts';
import {
  type SystemUseField,
  isLink,
  isZisofs,
  parseSystemUse,
  rockRidgeName,
} from './iso9660-rock-ridge.ts';
import type { IsoNames } from './iso9660-volume.ts';

const MAX_DEPTH = 64;
/** Directory records and continuations of one medium, all directories that were read taken together. */
const MAX_RECORDS = 100_000;
/** As many as Linux follows (fs/isofs/rock.c). */
const MAX_CONTINUATIONS = 32;

export interface IsoEntry {
  readonly name: string;
  /** From the root, with a slash at the start. */
  readonly path: string;
  /** Links are not followed, and files that zisofs compressed are not unpacked. */
  readonly kind: 'file' | 'directory' | 'link' | 'zisofs';
  /** Bytes. */
  readonly size: number;
  /** Where the content lies; more than one for files of 4 GiB and more. */
  readonly extents: readonly Extent[];
  /** Where the directories above lie, the root's first. */
  readonly ancestors: readonly number[];
}

/** Reads the directories of one medium. */
export class DirectoryReader {
  readonly #file: IsoFile;
  readonly #blockSize: number;
  readonly #names: IsoNames;
  #recordsLeft = MAX_RECORDS;

  constructor(file: IsoFile, blockSize: number, names: IsoNames) {
    this.#file = file;
    this.#blockSize = blockSize;
    this.#names = names;
  }

  /** @throws IsoDamage */
  async read(directory: IsoEntry): Promise<readonly IsoEntry[]> {
    const data = await this.#file.readDirectory(directory.extents[0], directory.path);
    const entries: IsoEntry[] = [];
    let parts: DirectoryRecord[] = [];
    for (const record of parseDirectory(data, this.#blockSize)) {
      this.#spendRecord();
      if (isSelfOrParent(record) || record.isAssociated) continue;
      if (parts[0]?.identifier.equals(record.identifier) === false) {
        throw new IsoDamage(`${directory.path} has a file without an end`);
      }
      parts.push(record);
      if (record.continues) continue;
      entries.push(await this.#entry(directory, parts, record));
      parts = [];
    }
    if (parts.length > 0) throw new IsoDamage(`${directory.path} has a file without an end`);
    return entries;
  }

  async #entry(
    directory: IsoEntry,
    parts: readonly DirectoryRecord[],
    last: DirectoryRecord,
  ): Promise<IsoEntry> {
    const fields =
      this.#names.kind === 'rock-ridge'
        ? await this.#systemUse(last.systemUse.subarray(this.#names.skip))
        : [];
    const name = checkedName(this.#nameOf(last, fields));
    const path = directory.path === '/' ? `/${name}` : `${directory.path}/${name}`;
    const ancestors = [...directory.ancestors, directory.extents[0]?.offset ?? 0];
    if (last.isDirectory) checkDescent(path, last, parts.length, ancestors);
    if (parts.some(({ isInterleaved }) => isInterleaved)) throw new IsoDamage(`${path} is interleaved`);
    // An empty file may say that it lies anywhere.
    const extents = parts.map(({ extent }) => extent).filter(({ length }) => length > 0);
    for (const extent of extents) this.#file.check(extent, path);
    const size = extents.reduce((sum, { length }) => sum + length, 0);
    // Parts that lie over one another could make any number of bytes out of a few.
    if (size > this.#file.size) throw new IsoDamage(`${path} is larger than the whole image`);
    const kind = isLink(fields)
      ? 'link'
      : last.isDirectory
        ? 'directory'
        : isZisofs(fields)
          ? 'zisofs'
          : 'file';
    return { name, path, kind, size, extents, ancestors };
  }

  #nameOf(record: DirectoryRecord, fields: readonly SystemUseField[]): string {
    if (this.#names.kind === 'joliet') return jolietName(record.identifier);
    return rockRidgeName(fields) ?? plainName(record.identifier);
  }

  async #systemUse(area: Buffer): Promise<SystemUseField[]> {
    let next = parseSystemUse(area, this.#blockSize);
    const fields = [...next.fields];
    for (let count = 0; next.continuation !== undefined; count++) {
      if (count === MAX_CONTINUATIONS) throw new IsoDamage('the Rock Ridge fields of a file have no end');
      this.#spendRecord();
      this.#file.check(next.continuation, 'a continuation of Rock Ridge');
      next = parseSystemUse(await this.#file.read(next.continuation), this.#blockSize);
      fields.push(...next.fields);
    }
    return fields;
  }

  #spendRecord(): void {
    this.#recordsLeft -= 1;
    if (this.#recordsLeft < 0) throw new IsoDamage(`it has more than ${MAX_RECORDS} directory records`);
  }
}

function checkDescent(
  path: string,
  record: DirectoryRecord,
  parts: number,
  ancestors: readonly number[],
): void {
  if (ancestors.includes(record.extent.offset)) throw new IsoDamage(`the directory ${path} contains itself`);
  if (ancestors.length > MAX_DEPTH) throw new IsoDamage(`its directories are more than ${MAX_DEPTH} deep`);
  if (parts > 1) throw new IsoDamage(`the directory ${path} is in several parts`);
}
