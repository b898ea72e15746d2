import { accessSync, constants, createReadStream } from 'node:fs';
import { join } from 'node:path';
import { GuestSetupError, isSystemError } from '../../errors/index.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';
import type { GuestAgent } from '../agent/agent.ts';
import { copyMembersIntoGuest } from '../tree/tree-into-guest.ts';
import type { TreeEntry } from './tree-changes.ts';
import { LIST, parseListing } from './guest-listing.ts';
import type { HostEntry } from './host-tree.ts';

export type SyncAgent = Pick<GuestAgent, 'exec' | 'push'>;

/** Up to this many files are written one by one, each complete at once; a tar stream is faster for more. */
const MOST_PUSHES = 32;
/** Files larger than this take longer to write than tar takes to start. */
const AT_ONCE = 8;

/** Runs "$@" with the names on stdin, in the directory $1. */
const WITH_NAMES = 'cd -- "$1" || exit 1; shift; exec xargs -0 "$@"';

/**
 * Removes "$@" with their contents. Nothing is removed if a directory of another file system is among them: rm would
 * empty a share of the host, or a volume.
 */
const REMOVE_WHOLE = `
own=$(stat -c %d .) || exit 1
for path
do
  [ -d "$path" ] && [ ! -L "$path" ] || continue
  devices=$(find "$path" -xdev -type d -print0 | xargs -0 stat -c %d -- | sort -u) || exit 1
  [ "$devices" = "$own" ] || { echo "cannot replace $path with a file: the directory is a mount point, or contains one" >&2; exit 1; }
done
exec rm -rf -- "$@"`;

/** Sets the times $1 of the files $2, in pairs. */
const TOUCH = 'while [ $# -gt 1 ]; do touch -c -d "$1" -- "$2" || exit 1; shift 2; done';
/** Keeps the arguments of one command below the limits of every kernel. */
const PAIRS = 200;

/** Room for the names of a million files. */
const LONGEST_LIST = 512 * 1024 * 1024;

/** A directory in a guest that follows one of the host. */
export class GuestTree {
  readonly #agent: SyncAgent;
  readonly #path: string;

  /** @param path absolute. */
  constructor(agent: SyncAgent, path: string) {
    this.#agent = agent;
    this.#path = path;
  }

  /**
   * Lists its members; creates it if it is missing. Times are in whole seconds.
   * @param ignored names of directories that are left out.
   * @throws GuestSetupError, also when files disappear meanwhile.
   */
  async list(ignored: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, TreeEntry>> {
    const output = await this.#run(['sh', '-c', LIST, 'sh', this.#path, ...ignored], undefined, signal);
    return parseListing(output);
  }

  /** @throws GuestSetupError, also when something is mounted on or below one of them. */
  async removeWhole(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.#withNames(['sh', '-c', REMOVE_WHOLE, 'sh'], paths, signal);
  }

  async removeFiles(paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.#withNames(['rm', '-f', '--'], paths, signal);
  }

  /** Directories that are not empty stay, and so do mount points. @returns how many were removed. */
  async removeDirectories(paths: readonly string[], signal: AbortSignal | undefined): Promise<number> {
    const each = 'for path; do rmdir -- "$path" 2>/dev/null && printf x; done; exit 0';
    return (await this.#withNames(['sh', '-c', each, 'sh'], paths, signal)).length;
  }

  async setMode(mode: number, paths: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    await this.#withNames(['chmod', mode.toString(8), '--'], paths, signal);
  }

  async setTimes(times: ReadonlyMap<string, number>, signal: AbortSignal | undefined): Promise<void> {
    const words = [...times].flatMap(([path, ms]) => [`@${Math.floor(ms / 1000)}`, `./${path}`]);
    if (words.length === 0) return;
    const argv = ['sh', '-c', WITH_NAMES, 'sh', this.#path, '-n', String(2 * PAIRS), 'sh', '-c', TOUCH, 'sh'];
    await this.#run(argv, words.map((word) => `${word}\0`).join(''), signal);
  }

  /** Returns the SHA-256 of each file; undefined when one of them cannot be read. */
  async digests(
    paths: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly string[] | undefined> {
    const output = await this.#withNames(['sha256sum', '--'], paths, signal).catch((error: unknown) => {
      if (error instanceof GuestSetupError) return undefined;
      throw error;
    });
    if (output === undefined || paths.length === 0) return output && [];
    const found = output.toString('latin1').match(/^\\?[0-9a-f]{64} /gm) ?? [];
    return found.length === paths.length ? found.map((word) => word.replace('\\', '').trim()) : undefined;
  }

  /** Copies members of a host's directory. A file that is replaced is complete at any time if there are few. */
  async send(
    root: string,
    members: ReadonlyMap<string, HostEntry>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const paths = [...members.keys()];
    // The agent knows no times before 1970.
    const canPush = ({ kind, mtimeMs }: HostEntry): boolean => kind === 'file' && mtimeMs >= 0;
    const isFew = paths.length <= MOST_PUSHES && [...members.values()].every(canPush);
    if (!isFew) {
      requireReadable(root, members);
      await copyMembersIntoGuest(this.#agent, root, paths, this.#path, { signal });
      return;
    }
    for (let at = 0; at < paths.length; at += AT_ONCE) {
      const some = paths.slice(at, at + AT_ONCE);
      await Promise.all(some.map(async (path) => this.#push(root, path, members.get(path), signal)));
    }
  }

  async #push(root: string, path: string, entry: HostEntry | undefined, signal: AbortSignal | undefined) {
    const { mode, mtimeMs } = entry ?? {};
    try {
      const source = createReadStream(join(root, path));
      await this.#agent.push(source, join(this.#path, path), { mode, mtimeMs, parents: true, signal });
    } catch (error) {
      // It has disappeared. The caller sees it, and still treats it as different.
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) throw error;
    }
  }

  async #withNames(
    command: readonly string[],
    paths: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    if (paths.length === 0) return Buffer.alloc(0);
    const input = paths.map((path) => `./${path}\0`).join('');
    return this.#run(['sh', '-c', WITH_NAMES, 'sh', this.#path, ...command], input, signal);
  }

  async #run(
    argv: readonly string[],
    input: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Buffer> {
    const options = { ...(input !== undefined && { input }), signal, maxBuffer: LONGEST_LIST };
    const { exitCode, stdout, stderr } = await this.#agent.exec(argv, options);
    if (exitCode === 0) return stdout;
    throw new GuestSetupError(`synchronising ${this.#path}`, exitCode, stderr.toString());
  }
}

/** tar omits files that it cannot read, or that have disappeared. @throws the system's error. */
function requireReadable(root: string, members: ReadonlyMap<string, HostEntry>): void {
  for (const [path, { kind }] of members) {
    if (kind !== 'file') continue;
    unlessMissing(() => accessSync(join(root, path), constants.R_OK));
  }
}
