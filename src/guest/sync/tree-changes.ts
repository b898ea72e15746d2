/** A member of a tree. */
export interface TreeEntry {
  readonly kind: 'file' | 'directory' | 'symlink';
  /** Permission bits. */
  readonly mode: number;
  /** In bytes; 0 for a directory. */
  readonly size: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Target of a symbolic link, whose size and time do not count. */
  readonly target?: string;
  /** It was written so soon after its time that the host may have changed it again at the same time, to the second. */
  readonly isRecent?: boolean;
}

/** The members of a tree by their paths, relative and without a leading `./`. */
export type Tree = ReadonlyMap<string, TreeEntry>;

/** The steps by which one tree becomes like another. */
export interface Changes {
  /** To remove with all that is in them: they are of another kind. */
  readonly replace: readonly string[];
  /** Files and symbolic links to remove. */
  readonly removeFiles: readonly string[];
  /** Directories to remove if nothing that is ignored is left in them; inner ones first. */
  readonly removeDirectories: readonly string[];
  /** To copy; a directory comes before its contents. */
  readonly send: readonly string[];
  /** Files of equal size whose contents may be equal or not: they have another time, or are recent. */
  readonly compare: readonly string[];
  /** To give other permission bits, if they are not sent after a comparison. */
  readonly setMode: readonly string[];
}

/**
 * Returns the changes that make a guest's tree like the host's.
 * @param precision of the guest's times in milliseconds: 1000 for times in seconds.
 */
export function changesBetween(host: Tree, guest: Tree, precision = 0): Changes {
  const replace: string[] = [];
  const send: string[] = [];
  const compare: string[] = [];
  const setMode: string[] = [];
  for (const [path, entry] of host) {
    const found = guest.get(path);
    if (found && found.kind !== entry.kind) replace.push(path);
    if (found?.kind !== entry.kind) {
      send.push(path);
      continue;
    }
    if (entry.kind !== 'directory' && !isSame(entry, found, precision)) {
      const mayBeEqual = entry.kind === 'file' && precision > 0 && entry.size === found.size;
      (mayBeEqual ? compare : send).push(path);
      if (!mayBeEqual) continue;
    }
    if (entry.kind !== 'symlink' && entry.mode !== found.mode) setMode.push(path);
  }
  const gone = [...guest].filter(([path]) => !host.has(path));
  const goneOf = (isDirectory: boolean): string[] =>
    gone.filter(([, { kind }]) => (kind === 'directory') === isDirectory).map(([path]) => path);
  return {
    replace,
    removeFiles: goneOf(false),
    removeDirectories: goneOf(true).sort((one, other) => other.length - one.length),
    send: send.sort(),
    compare,
    setMode,
  };
}

function isSame(one: TreeEntry, other: TreeEntry, precision: number): boolean {
  const floor = (time: number): number => (precision === 0 ? time : Math.floor(time / precision));
  if (one.kind === 'symlink') return one.target === other.target;
  const isCertain = precision === 0 || other.isRecent !== true;
  return isCertain && one.size === other.size && floor(one.mtimeMs) === floor(other.mtimeMs);
}
