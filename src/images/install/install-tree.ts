import { open, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { NO_SUCH_FILE, unlessMissingAsync } from '../../util/files/unless-missing.ts';
import { explainUnreadable } from '../../util/files/user-file.ts';
import { type Iso, openIso } from '../iso/iso9660.ts';
import { streamToFile } from '../store/stream-to-file.ts';

/** The files of an install medium: an image or a directory. Paths begin with a slash, for the medium's root. */
export interface InstallTree extends AsyncDisposable {
  /** The volume's label; empty for a volume without one. */
  readonly label: string;
  /** Returns the size in bytes; undefined for a missing file. */
  size(path: string): Promise<number | undefined>;
  /** Returns the content of a file; undefined if it is missing or larger than `limit` bytes. */
  read(path: string, limit: number): Promise<string | undefined>;
  /** Copies a file for which `size` returned a value. The target is written atomically. */
  copy(path: string, target: string, signal?: AbortSignal): Promise<void>;
}

/** Opens a medium. @throws InvalidInputError if it is neither a directory nor an ISO 9660 image, or cannot be read. */
export async function openInstallTree(location: string): Promise<InstallTree> {
  return (await isDirectory(location))
    ? new DirectoryTree(await readable(location, async () => realpath(location)))
    : new IsoTree(await openIso(location));
}

class IsoTree implements InstallTree {
  readonly label: string;
  readonly #iso: Iso;

  constructor(iso: Iso) {
    this.#iso = iso;
    this.label = iso.label;
  }

  async size(path: string): Promise<number | undefined> {
    const entry = await this.#iso.find(path);
    return entry?.kind === 'file' ? entry.size : undefined;
  }

  async read(path: string, limit: number): Promise<string | undefined> {
    const entry = await this.#iso.find(path);
    if (entry?.kind !== 'file' || entry.size > limit) return undefined;
    return (await this.#iso.read(entry, limit)).toString('utf8');
  }

  async copy(path: string, target: string, signal?: AbortSignal): Promise<void> {
    const entry = await this.#iso.find(path);
    if (entry === undefined) throw new Error(`no such file on the medium: ${path}`);
    await this.#iso.extract(entry, target, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#iso[Symbol.asyncDispose]();
  }
}

class DirectoryTree implements InstallTree {
  readonly label = '';
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async size(path: string): Promise<number | undefined> {
    return (await this.#locate(path))?.size;
  }

  async read(path: string, limit: number): Promise<string | undefined> {
    const file = await this.#locate(path);
    if (file === undefined || file.size > limit) return undefined;
    return await readable(file.path, async () => readFile(file.path, 'utf8'));
  }

  async copy(path: string, target: string, signal?: AbortSignal): Promise<void> {
    const file = await this.#locate(path);
    if (file === undefined) throw new Error(`no such file on the medium: ${path}`);
    await streamToFile(target, contentOf(file.path), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is kept open.
  }

  /** Finds a file below the root only: links in an untrusted tree must not expose the host's files to the guest. */
  async #locate(path: string): Promise<{ path: string; size: number } | undefined> {
    const sought = join(this.#root, path);
    const found = await unlessMissingAsync(
      readable(sought, async () => realpath(sought)),
      NO_SUCH_FILE,
    );
    if (found === undefined) return undefined;
    if (this.#root !== sep && !found.startsWith(this.#root + sep)) return undefined;
    const stats = await unlessMissingAsync(
      readable(found, async () => stat(found)),
      NO_SUCH_FILE,
    );
    return stats?.isFile() ? { path: found, size: stats.size } : undefined;
  }
}

async function isDirectory(location: string): Promise<boolean> {
  // openIso throws the error for a missing file.
  const stats = await unlessMissingAsync(
    readable(location, async () => stat(location)),
    NO_SUCH_FILE,
  );
  return stats?.isDirectory() ?? false;
}

/** Opens the file only when it is read, so that it is not left open if the target cannot be created. */
async function* contentOf(path: string): AsyncGenerator<Buffer> {
  const handle = await readable(path, async () => open(path));
  yield* handle.createReadStream() as AsyncIterable<Buffer>;
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Not a missing file, which is no error here.
    throw isSystemError(error, 'EACCES', 'EPERM') ? explainUnreadable(error, path, 'location') : error;
  }
}
