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
/** Directory records and continuations of one medium, over all directories read. */
const MAX_RECORDS = 100_000;
/** As many as Linux follows (fs/isofs/rock.c). */
const MAX_CONTINUATIONS = 32;

export interface IsoEntry {
  readonly name: string;
  /** Path from the root, with a leading slash. */
  readonly path: string;
  /** Links are not followed, and files compressed with zisofs are not unpacked. */
  readonly kind: 'file' | 'directory' | 'link' | 'zisofs';
  /** Bytes. */
  readonly size: number;
  /** Location of the content; several for files of 4 GiB and more. */
  readonly extents: readonly Extent[];
  /** Offsets of the parent directories, the root's first. */
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
        throw new IsoDamage(`a file in the directory ${directory.path} lacks its last extent`);
      }
      parts.push(record);
      if (record.continues) continue;
      entries.push(await this.#entry(directory, parts, record));
      parts = [];
    }
    if (parts.length > 0)
      throw new IsoDamage(`a file in the directory ${directory.path} lacks its last extent`);
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
    // An empty file may have any location.
    const extents = parts.map(({ extent }) => extent).filter(({ length }) => length > 0);
    for (const extent of extents) this.#file.check(extent, path);
    const size = extents.reduce((sum, { length }) => sum + length, 0);
    // Overlapping extents could turn a few bytes into any number of them.
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
      if (count === MAX_CONTINUATIONS) {
        throw new IsoDamage(`a file has more than ${MAX_CONTINUATIONS} Rock Ridge continuations`);
      }
      this.#spendRecord();
      this.#file.check(next.continuation, 'a Rock Ridge continuation');
      next = parseSystemUse(await this.#file.read(next.continuation), this.#blockSize);
      fields.push(...next.fields);
    }
    return fields;
  }

  #spendRecord(): void {
    this.#recordsLeft -= 1;
    if (this.#recordsLeft >= 0) return;
    throw new IsoDamage(`it has more than ${MAX_RECORDS} directory records, which is the limit of vmlet`);
  }
}

function checkDescent(
  path: string,
  record: DirectoryRecord,
  parts: number,
  ancestors: readonly number[],
): void {
  if (ancestors.includes(record.extent.offset)) throw new IsoDamage(`the directory ${path} contains itself`);
  if (ancestors.length > MAX_DEPTH)
    throw new IsoDamage(`its directories are nested more than ${MAX_DEPTH} levels deep`);
  if (parts > 1) throw new IsoDamage(`the directory ${path} has several extents`);
}
