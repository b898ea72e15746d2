import { InvalidInputError } from '../../errors/index.ts';
import { DirectoryReader, type IsoEntry } from './iso9660-directory.ts';
import { type IsoFile, openIsoFile } from './iso9660-file.ts';
import { IsoDamage } from './iso9660-format.ts';
import { type IsoNames, type IsoVolume, readVolume } from './iso9660-volume.ts';
import { streamToFile } from '../store/stream-to-file.ts';

const COPY_BYTES = 1024 * 1024;

/** An ISO 9660 image, open for reading. Everything in it is checked before it is used. */
export class Iso implements AsyncDisposable {
  readonly path: string;
  /** The volume's label, without trailing blanks. */
  readonly label: string;
  readonly root: IsoEntry;
  readonly #file: IsoFile;
  readonly #names: IsoNames;
  readonly #reader: DirectoryReader;
  readonly #directories = new Map<string, readonly IsoEntry[]>();

  constructor(file: IsoFile, { label, descriptor: { root, blockSize }, names }: IsoVolume) {
    this.path = file.path;
    this.label = label;
    this.#file = file;
    this.#names = names;
    this.#reader = new DirectoryReader(file, blockSize, names);
    this.root = { name: '', path: '/', kind: 'directory', size: root.length, extents: [root], ancestors: [] };
  }

  /**
   * Finds the entry at a path such as /install.amd/vmlinuz; undefined if there is none. Without Rock Ridge and Joliet,
   * names are case-insensitive.
   * @throws InvalidInputError for a damaged medium.
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

  /** Lists a directory. @throws InvalidInputError for a damaged medium, or an entry that is not a directory. */
  async list(directory: IsoEntry): Promise<readonly IsoEntry[]> {
    this.#expect(directory, 'directory');
    const known = this.#directories.get(directory.path);
    if (known !== undefined) return known;
    const entries = await explained(this.path, async () => this.#reader.read(directory));
    this.#directories.set(directory.path, entries);
    return entries;
  }

  /**
   * Returns the content of a small file.
   * @throws InvalidInputError for an entry of more than `limit` bytes, or one that is not a file.
   */
  async read(file: IsoEntry, limit: number): Promise<Buffer> {
    this.#expect(file, 'file');
    if (file.size > limit) {
      throw new InvalidInputError(
        'location',
        `${file.path} in ${this.path} is too large: ${file.size} bytes (vmlet reads at most ${limit})`,
      );
    }
    return explained(this.path, async () =>
      Buffer.concat(await Promise.all(file.extents.map(async (extent) => this.#file.read(extent)))),
    );
  }

  /**
   * Copies a file out of the image. The target is written atomically; an existing file is replaced.
   * @throws InvalidInputError when the entry is not a file, or the image was truncated in the meantime.
   * @throws NoSpaceError when the host's disk is full.
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
      zisofs: 'compressed with zisofs',
    };
    throw new InvalidInputError(
      'location',
      `${entry.path} in ${this.path} is ${found[entry.kind]}, expected ${found[kind]}`,
    );
  }

  #isNamed(entry: IsoEntry, name: string): boolean {
    return this.#names.kind === 'plain'
      ? entry.name.toLowerCase() === name.toLowerCase()
      : entry.name === name;
  }
}

/**
 * Opens an ISO 9660 image.
 * @throws InvalidInputError for a missing or unreadable file, or one that is not an ISO 9660 image.
 */
export async function openIso(path: string): Promise<Iso> {
  const file = await openIsoFile(path);
  try {
    return await explained(path, async () => new Iso(file, await readVolume(file)));
  } catch (error) {
    await file.handle.close();
    throw error;
  }
}

async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof IsoDamage)) throw error;
    throw new InvalidInputError('location', `${path} is corrupt: ${error.message}`, {
      hint: 'download the file again, and compare its checksum with the published one',
      cause: error,
    });
  }
}
