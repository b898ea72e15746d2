import type { TreeEntry } from './tree-changes.ts';

/**
 * Script that lists the directory $1 without directories of the names that follow: the lengths of two lists, a list of all
 * names, a list of links and their targets, and a line for each name. Apart, since busybox cannot end a line of stat by a
 * NUL, and names may contain line breaks. Creates the directory if it is missing. Mount points are listed without their
 * contents.
 */
export const LIST = `
mkdir -p -- "$1" && cd -- "$1" || exit 1
shift
for name; do set -- "$@" -name "$name" -type d -prune -o; shift; done
list=$(mktemp) && links=$(mktemp) || exit 1
trap 'rm -f -- "$list" "$links"' EXIT
find . -xdev "$@" ! -path . -print0 >"$list" || exit 1
find . -xdev "$@" -type l -print0 | xargs -0 sh -c '
  for link; do printf "%s\\0" "$link"; readlink -n -- "$link"; printf "\\0"; done' sh >"$links" || exit 1
wc -c <"$list"
wc -c <"$links"
cat -- "$list" "$links"
[ -s "$list" ] || exit 0
# By a pipe: busybox's own stat, at its end, moves xargs back in a file.
cat -- "$list" | xargs -0 stat -c '%f %s %Y %Z' --`;

/** A file that was written within so many seconds of its time may lack a later change of the same second. */
const RECENT_S = 2;

const KINDS: Readonly<Record<number, TreeEntry['kind']>> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};

/** Reads the output of the script, which is not trusted. Times are in whole seconds. */
export function parseListing(output: Buffer): Map<string, TreeEntry> {
  const { names, links, lines } = partsOf(output);
  const entries = new Map<string, TreeEntry>();
  for (const [index, name] of names.entries()) {
    const [mode = '', size, seconds, changedSeconds] = lines[index]?.split(' ') ?? [];
    const bits = Number.parseInt(mode, 16);
    // Devices and sockets count as files: they are removed, or replaced.
    const kind = KINDS[bits & 0o170000] ?? 'file';
    const bytes = kind === 'directory' ? 0 : Number(size);
    const isRecent = kind === 'file' && Number(changedSeconds) - Number(seconds) <= RECENT_S;
    const entry: TreeEntry = {
      ...{ kind, mode: bits & 0o7777, size: bytes, mtimeMs: Number(seconds) * 1000 },
      ...(isRecent && { isRecent }),
    };
    const path = name.replace(/^\.\//, '');
    entries.set(path, kind === 'symlink' ? { ...entry, target: links.get(name) ?? '' } : entry);
  }
  return entries;
}

function partsOf(output: Buffer) {
  const afterFirst = output.indexOf('\n') + 1;
  const afterSecond = output.indexOf('\n', afterFirst) + 1;
  const afterNames = afterSecond + Number(output.toString('latin1', 0, afterFirst));
  const afterLinks = afterNames + Number(output.toString('latin1', afterFirst, afterSecond));
  const pairs = textsIn(output.subarray(afterNames, afterLinks));
  const links = new Map<string, string>();
  for (let at = 0; at < pairs.length; at += 2) links.set(pairs[at] ?? '', pairs[at + 1] ?? '');
  const lines = output.subarray(afterLinks).toString('latin1').trim().split('\n');
  return { names: textsIn(output.subarray(afterSecond, afterNames)), links, lines };
}

/** Texts that each end with a NUL. */
function textsIn(bytes: Buffer): string[] {
  return bytes.toString('utf8').split('\0').slice(0, -1);
}
