import { chmod, link, lstat, lutimes, mkdir, open, symlink, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReadEntry } from 'tar';
import { isSystemError } from '../../../errors/index.ts';
import { invalidArchive } from './invalid-archive.ts';

/** Permission bits without setuid, setgid and sticky: a guest must not create privileged programs on the host. */
const PERMISSIONS = 0o777;
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
/** Attributes and symbolic links are kept in memory until the end. */
const MAX_DEFERRED = 1_000_000;
const ZEROS = Buffer.alloc(1024 * 1024);

interface Attributes {
  readonly mode: number;
  readonly mtime: Date | undefined;
}

/**
 * Writes the entries of an untrusted archive into an empty, private directory. Symbolic links are created last, so that
 * no entry can be written through one. Names with `..` and absolute names are errors; devices, FIFOs and sockets are
 * left out.
 */
export class TreeWriter {
  readonly #root: string;
  readonly #directories = new Map<string, Attributes>();
  readonly #symlinks = new Map<string, { readonly target: string; readonly mtime: Date | undefined }>();
  /** Devices, FIFOs and sockets that were left out. */
  skipped = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async add(entry: ReadEntry): Promise<void> {
    const name = memberName(entry.path);
    const path = join(this.#root, name);
    this.#symlinks.delete(name);
    switch (entry.type) {
      case 'Directory':
        await mkdir(path, { recursive: true });
        this.#defer(this.#directories, name, attributesOf(entry, DIRECTORY_MODE));
        break;
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        await this.#replace(path, async () => writeFile(path, entry));
        break;
      case 'Link':
        await this.#link(memberName(entry.linkpath ?? ''), name);
        break;
      case 'SymbolicLink':
        this.#defer(this.#symlinks, name, { target: entry.linkpath ?? '', mtime: entry.mtime });
        break;
      default:
        this.skipped++;
    }
  }

  /** Creates the symbolic links, then sets modes and times of directories. */
  async finish(): Promise<void> {
    // Deepest first: no link is there when an entry below its name is created.
    for (const [name, { target, mtime }] of deepestFirst(this.#symlinks)) {
      const path = join(this.#root, name);
      await this.#replace(path, async () => symlink(target, path));
      if (mtime) await lutimes(path, mtime, mtime);
    }
    for (const [name, { mode, mtime }] of deepestFirst(this.#directories)) {
      const path = join(this.#root, name);
      await chmod(path, mode);
      if (mtime) await utimes(path, mtime, mtime);
    }
    if (!this.#directories.has('')) await chmod(this.#root, DIRECTORY_MODE);
  }

  async #link(existing: string, name: string): Promise<void> {
    const symlink = this.#symlinks.get(existing);
    if (symlink) {
      this.#defer(this.#symlinks, name, symlink);
      return;
    }
    const path = join(this.#root, name);
    try {
      await this.#replace(path, async () => link(join(this.#root, existing), path));
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
      throw invalidArchive(`a link to ${JSON.stringify(existing)}, which is not in it`, error);
    }
  }

  /** Creates missing parents. A later entry replaces an earlier one of the same name. */
  async #replace(path: string, create: () => Promise<void>): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    try {
      await create();
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      if ((await lstat(path)).isDirectory())
        throw invalidArchive(
          `${JSON.stringify(path.slice(this.#root.length + 1))} is a file and a directory`,
          error,
        );
      await unlink(path);
      await create();
    }
  }

  #defer<T>(deferred: Map<string, T>, name: string, value: T): void {
    if (this.#directories.size + this.#symlinks.size >= MAX_DEFERRED) {
      throw invalidArchive(`more than ${MAX_DEFERRED} directories and symbolic links`);
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
    throw invalidArchive(`the name ${JSON.stringify(path)}`);
  }
  return parts.join('/');
}

function attributesOf({ mode, mtime }: ReadEntry, standard: number): Attributes {
  return { mode: (mode ?? standard) & PERMISSIONS, mtime };
}

async function writeFile(path: string, entry: ReadEntry): Promise<void> {
  const { mode, mtime } = attributesOf(entry, FILE_MODE);
  const handle = await open(path, 'wx', 0o600);
  try {
    let size = 0;
    for await (const chunk of entry) {
      await writeAt(handle, chunk, size);
      size += chunk.length;
    }
    await handle.truncate(size);
    await handle.chmod(mode);
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
