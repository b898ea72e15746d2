import { chmod, link, lstat, lutimes, mkdir, open, symlink, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isSystemError } from '../../errors/index.ts';
import { invalidArchive } from './invalid-archive.ts';
import type { TarEntry } from './tar-reader.ts';

/** Permission bits without setuid, setgid and sticky: a guest must not create privileged programs on the host. */
const PERMISSIONS = 0o777;
/** Attributes of directories and symbolic links are kept in memory until the end. */
const MAX_DEFERRED = 1_000_000;
const MAX_DEFERRED_BYTES = 256 * 1024 * 1024;
const ZEROS = Buffer.alloc(1024 * 1024);

type Attributes = Pick<TarEntry, 'mode' | 'mtime'>;
type Symlink = Pick<TarEntry, 'target' | 'mtime'>;

/**
 * Writes the entries of an untrusted archive into an empty, private directory. Symbolic links are created last, so that
 * no entry can be written through one. Names with `..` and absolute names are errors; devices and FIFOs are left out.
 */
export class TreeWriter {
  readonly #root: string;
  readonly #directories = new Map<string, Attributes>();
  readonly #symlinks = new Map<string, Symlink>();
  #deferredBytes = 0;
  /** Devices and FIFOs that were left out. */
  skipped = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async add(entry: TarEntry): Promise<void> {
    const name = memberName(entry.name);
    try {
      await this.#write(name, entry);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG')) throw error;
      throw invalidArchive(`${JSON.stringify(name)} cannot be created: ${error.code ?? ''}`, {
        cause: error,
      });
    }
  }

  /** Creates the symbolic links. */
  async finish(): Promise<void> {
    // Deepest first: no link is there when an entry below its name is created.
    for (const [name, { target, mtime }] of deepestFirst(this.#symlinks)) {
      const path = join(this.#root, name);
      await this.#replace(path, async () => symlink(target, path));
      if (mtime) await lutimes(path, mtime, mtime);
    }
  }

  /** Names of directories that have attributes; the tree itself has an empty one. */
  get directories(): Iterable<string> {
    return this.#directories.keys();
  }

  /**
   * Sets modes and times of directories once the tree is in its place: a directory without write permission could not
   * be moved.
   * @param has whether the place has the archive's directory of this name, and not one that was there before.
   */
  async setAttributes(place: string, has: (name: string) => boolean): Promise<void> {
    for (const [name, { mode, mtime }] of deepestFirst(this.#directories)) {
      if (!has(name)) continue;
      const path = join(place, name);
      await chmod(path, mode & PERMISSIONS);
      if (mtime) await utimes(path, mtime, mtime);
    }
  }

  async #write(name: string, entry: TarEntry): Promise<void> {
    const path = join(this.#root, name);
    this.#symlinks.delete(name);
    switch (entry.kind) {
      case 'directory':
        await mkdir(path, { recursive: true });
        this.#defer(this.#directories, name, { mode: entry.mode, mtime: entry.mtime }, 0);
        break;
      case 'file':
        await this.#replace(path, async () => writeFile(path, entry));
        break;
      case 'link':
        await this.#link(memberName(entry.target), name);
        break;
      case 'symlink':
        this.#defer(this.#symlinks, name, { target: entry.target, mtime: entry.mtime }, entry.target.length);
        break;
      case 'special':
        this.skipped++;
    }
  }

  async #link(existing: string, name: string): Promise<void> {
    const symlink = this.#symlinks.get(existing);
    if (symlink) {
      this.#defer(this.#symlinks, name, symlink, symlink.target.length);
      return;
    }
    const path = join(this.#root, name);
    try {
      await this.#replace(path, async () => link(join(this.#root, existing), path));
    } catch (error) {
      if (!isSystemError(error, 'ENOENT', 'EPERM')) throw error;
      throw invalidArchive(
        `a hard link refers to ${JSON.stringify(existing)}, which is not in the stream`,
        error,
      );
    }
  }

  /** Creates missing parents. A later entry replaces an earlier one of the same name. */
  async #replace(path: string, create: () => Promise<void>): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    try {
      await create();
    } catch (error) {
      if (!isSystemError(error, 'EEXIST') || (await lstat(path)).isDirectory()) throw error;
      await unlink(path);
      await create();
    }
  }

  #defer<T>(deferred: Map<string, T>, name: string, value: T, bytes: number): void {
    this.#deferredBytes += name.length + bytes;
    const count = this.#directories.size + this.#symlinks.size;
    if (count >= MAX_DEFERRED || this.#deferredBytes > MAX_DEFERRED_BYTES) {
      throw invalidArchive('it contains too many directories and symbolic links');
    }
    deferred.set(name, value);
  }
}

function deepestFirst<T>(entries: ReadonlyMap<string, T>): [string, T][] {
  const depth = (name: string): number => (name === '' ? 0 : name.split('/').length);
  return [...entries].sort(([a], [b]) => depth(b) - depth(a));
}

/** The path of an entry below the root; empty for the root itself. */
function memberName(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || path.includes('\0') || parts.includes('..')) {
    throw invalidArchive(`it contains the unsafe path ${JSON.stringify(path)}`);
  }
  return parts.join('/');
}

async function writeFile(path: string, { mode, mtime, content }: TarEntry): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let size = 0;
    for await (const chunk of content) {
      await writeAt(handle, chunk, size);
      size += chunk.length;
    }
    await handle.truncate(size);
    await handle.chmod(mode & PERMISSIONS);
    if (mtime) await handle.utimes(mtime, mtime);
  } finally {
    await handle.close();
  }
}

/** Leaves a hole for a block of zeros. */
async function writeAt(
  handle: Awaited<ReturnType<typeof open>>,
  chunk: Buffer,
  position: number,
): Promise<void> {
  if (chunk.length <= ZEROS.length && chunk.equals(ZEROS.subarray(0, chunk.length))) return;
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}
