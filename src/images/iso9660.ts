import { InvalidInputError } from '../errors.ts';
import {
  type DirectoryRecord,
  type Extent,
  FIRST_DESCRIPTOR_SECTOR,
  IsoDamage,
  SECTOR_SIZE,
  type VolumeDescriptor,
  checkedName,
  isSelfOrParent,
  jolietName,
  parseDirectory,
  parseVolumeDescriptor,
  plainName,
} from './iso9660-format.ts';
import {
  type SystemUseField,
  isLink,
  isZisofs,
  parseSystemUse,
  rockRidgeName,
  rockRidgeStart,
} from './iso9660-rock-ridge.ts';
import { type IsoFile, openIsoFile } from './iso9660-file.ts';
import { streamToFile } from './stream-to-file.ts';

const MAX_DESCRIPTORS = 64;
const MAX_DEPTH = 64;
/** Directory records and continuations of one medium, all directories that were read taken together. */
const MAX_RECORDS = 100_000;
/** As many as Linux follows (fs/isofs/rock.c). */
const MAX_CONTINUATIONS = 32;
const COPY_BYTES = 1024 * 1024;

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

/** Which of the names that a medium can have are used: the most precise. */
type Names =
  | { readonly kind: 'rock-ridge'; readonly skip: number }
  | { readonly kind: 'joliet' }
  | { readonly kind: 'plain' };

/** An ISO 9660 image, open for reading. Whatever it says is checked before it is believed. */
export class Iso implements AsyncDisposable {
  readonly path: string;
  /** The volume's label, without the blanks at its end. */
  readonly label: string;
  readonly root: IsoEntry;
  readonly #file: IsoFile;
  readonly #blockSize: number;
  readonly #names: Names;
  readonly #directories = new Map<string, readonly IsoEntry[]>();
  #recordsLeft = MAX_RECORDS;

  constructor(file: IsoFile, label: string, { root, blockSize }: VolumeDescriptor, names: Names) {
    this.path = file.path;
    this.label = label;
    this.#file = file;
    this.#blockSize = blockSize;
    this.#names = names;
    this.root = { name: '', path: '/', kind: 'directory', size: root.length, extents: [root], ancestors: [] };
  }

  /**
   * The entry at a path such as /install.amd/vmlinuz, or undefined. Where the medium has neither Rock Ridge nor
   * Joliet, case makes no difference.
   * @throws InvalidInputError where the medium is damaged.
   */
  async find(path: string): Promise<IsoEntry | undefined> {
    let entry: IsoEntry = this.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (entry.kind !== 'directory') return undefined;
      const next = (await this.list(entry)).find((candidate) => this.#isNamed(candidate, name));
      if (next === undefined) return undefined;
      entry = next;
    }
    return entry;
  }

  /** @throws InvalidInputError where the medium is damaged or the entry is no directory. */
  async list(directory: IsoEntry): Promise<readonly IsoEntry[]> {
    this.#expect(directory, 'directory');
    const known = this.#directories.get(directory.path);
    if (known !== undefined) return known;
    const entries = await explained(this.path, async () => this.#readDirectory(directory));
    this.#directories.set(directory.path, entries);
    return entries;
  }

  /**
   * The content of a small file.
   * @throws InvalidInputError where it has more than `limit` bytes, or is no file.
   */
  async read(file: IsoEntry, limit: number): Promise<Buffer> {
    this.#expect(file, 'file');
    if (file.size > limit) {
      throw new InvalidInputError(
        'iso',
        `${file.path} of ${this.path} has ${file.size} bytes, more than ${limit}`,
      );
    }
    return explained(this.path, async () =>
      Buffer.concat(await Promise.all(file.extents.map(async (extent) => this.#file.read(extent)))),
    );
  }

  /**
   * Copies a file out of the image. The target is there whole or not at all; what was there is replaced.
   * @throws InvalidInputError where the entry is no file, or the image was cut off meanwhile.
   * @throws NoSpaceError where the disk is full.
   */
  async extract(file: IsoEntry, target: string, signal?: AbortSignal): Promise<void> {
    this.#expect(file, 'file');
    await explained(this.path, async () => streamToFile(target, this.#content(file), signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.handle.close();
  }

  async *#content(file: IsoEntry): AsyncGenerator<Buffer> {
    for (const { offset, length } of file.extents) {
      for (let at = 0; at < length; at += COPY_BYTES) {
        yield await this.#file.read({ offset: offset + at, length: Math.min(COPY_BYTES, length - at) });
      }
    }
  }

  #expect(entry: IsoEntry, kind: 'file' | 'directory'): void {
    if (entry.kind === kind) return;
    const found = {
      file: 'a file',
      directory: 'a directory',
      link: 'a link',
      zisofs: 'compressed by zisofs',
    };
    throw new InvalidInputError(
      'iso',
      `${entry.path} of ${this.path} is ${found[entry.kind]}, not ${found[kind]}`,
    );
  }

  #isNamed(entry: IsoEntry, name: string): boolean {
    return this.#names.kind === 'plain'
      ? entry.name.toLowerCase() === name.toLowerCase()
      : entry.name === name;
  }

  #spendRecord(): void {
    this.#recordsLeft -= 1;
    if (this.#recordsLeft < 0) throw new IsoDamage(`it has more than ${MAX_RECORDS} directory records`);
  }

  async #readDirectory(directory: IsoEntry): Promise<readonly IsoEntry[]> {
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
}

/**
 * Opens an ISO 9660 image.
 * @throws InvalidInputError where there is no such file or it is no such image; PermissionError.
 */
export async function openIso(path: string): Promise<Iso> {
  const file = await openIsoFile(path);
  try {
    return await explained(path, async () => readVolume(file));
  } catch (error) {
    await file.handle.close();
    throw error;
  }
}

async function readVolume(file: IsoFile): Promise<Iso> {
  const { primary, joliet } = await readDescriptors(file);
  const root = await file.readDirectory(primary.root, '/');
  const itself = parseDirectory(root, primary.blockSize).next().value as DirectoryRecord | undefined;
  if (itself === undefined) throw new IsoDamage('its root directory is empty');
  const skip = rockRidgeStart(itself);
  if (skip !== undefined) return new Iso(file, primary.label, primary, { kind: 'rock-ridge', skip });
  if (joliet !== undefined) return new Iso(file, primary.label, joliet, { kind: 'joliet' });
  return new Iso(file, primary.label, primary, { kind: 'plain' });
}

async function readDescriptors(
  file: IsoFile,
): Promise<{ primary: VolumeDescriptor; joliet: VolumeDescriptor | undefined }> {
  let primary: VolumeDescriptor | undefined;
  let joliet: VolumeDescriptor | undefined;
  for (let sector = FIRST_DESCRIPTOR_SECTOR; sector < FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS; sector++) {
    const extent = { offset: sector * SECTOR_SIZE, length: SECTOR_SIZE };
    if (extent.offset + extent.length > file.size) break;
    const descriptor = parseVolumeDescriptor(await file.read(extent));
    if (descriptor === undefined || descriptor === 'end') break;
    if (descriptor === 'other') continue;
    if (descriptor.kind === 'joliet') joliet ??= descriptor;
    else primary ??= descriptor;
  }
  if (primary === undefined) {
    throw new InvalidInputError('iso', `${file.path} is not an ISO 9660 image`, {
      hint: 'give the .iso file of an installer',
    });
  }
  return { primary, joliet };
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

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IsoDamage)) throw error;
    throw new InvalidInputError('iso', `${path} is damaged or cut off: ${error.message}`, {
      hint: 'get the file again, and compare its checksum with the one that its distribution publishes',
      cause: error,
    });
  }
}
