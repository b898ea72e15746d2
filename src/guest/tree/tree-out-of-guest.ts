import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidInputError } from '../../errors/index.ts';
import type { ExtractOptions } from './extract-tree.ts';
import { type CopyOptions, type GuestCommands, counted, nameOf, requireSuccess } from './tree-copy.ts';

/** Options of a copy to the host. */
interface CopyOutOptions extends CopyOptions, ExtractOptions {}

/**
 * Packs $2 of the directory $1. Below it, file systems that show the kernel's state are left out: tar fails at their
 * files, which have no size. busybox's tar cannot exclude anything, so they are unmounted, in a mount namespace of tar.
 */
const PACK_IN_GUEST = `
cd -- "$1" || exit 1
[ -e "$2" ] || [ -L "$2" ] || { echo "$1/$2: no such file or directory" >&2; exit 1; }
root=$(pwd -P)
root=\${root%/}
[ "$2" = . ] || root=$root/$2
left=$(
  while read -r _ where type _
  do
    case $type in
    proc|sysfs|devtmpfs|devpts|cgroup*|*securityfs|debugfs|tracefs|configfs|pstore|efivarfs|bpf|mqueue|hugetlbfs) ;;
    fusectl|binfmt_misc|selinuxfs|rpc_pipefs|nfsd|autofs) ;;
    *) continue ;;
    esac
    where=$(printf '%b' "$where")
    case $where in "$root"/*) printf '%s\\n' "$where" ;; esac
  done </proc/self/mounts
)
[ -n "$left" ] && command -v unshare >/dev/null || exec tar -c -f - -- "$2"
exec unshare -m sh -c '
printf "%s\\n" "$2" | while IFS= read -r where
do umount -l "$where"
done 2>/dev/null
exec tar -c -f - -- "$1"' sh "$2" "$left"`;

/**
 * Copies a directory out of the guest; the rules for names are those of `copyTreeIntoGuest`. Nothing appears
 * before the stream is complete. The guest is not trusted: nothing is written outside of the target. File systems of the
 * kernel below the directory, such as /proc, are copied as empty directories.
 * @returns the number of devices and FIFOs that were left out.
 * @throws InvalidInputError, GuestSetupError, GuestProtocolError, NoSpaceError, PermissionError, CopyBackError, or the
 * signal's reason.
 */
export async function copyTreeOutOfGuest(
  agent: GuestCommands,
  guestPath: string,
  hostPath: string,
  { onProgress, signal, ...extraction }: CopyOutOptions,
): Promise<number> {
  const name = nameOf(guestPath);
  const found = statSync(hostPath, { throwIfNoEntry: false });
  if (found && !found.isDirectory())
    throw new InvalidInputError('target', `${hostPath} is not a directory`, {
      hint: extraction.keepsRest
        ? `a directory cannot replace a file: move ${hostPath} away before the next run`
        : 'to copy a directory, choose a directory or a new path as the target',
    });
  const target = found && name !== undefined ? join(hostPath, name) : join(hostPath);
  const tar = agent.exec(['sh', '-c', PACK_IN_GUEST, 'sh', guestPath, '.'], { signal });
  const archive = counted(tar.stdout, onProgress);
  const { extractTree } = await import('./extract-tree.ts');
  try {
    return await extractTree(
      archive,
      target,
      // The guest of a last copy is about to go.
      async () => requireSuccess(tar, `packing ${guestPath}`, extraction.keepsRest),
      extraction,
    );
  } catch (error) {
    tar.kill('SIGKILL');
    throw error;
  }
}

/** Writes a file or directory of the guest as a tar stream, without what `copyTreeOutOfGuest` leaves out. @throws GuestSetupError, or the signal's reason. */
export async function packInGuest(
  agent: GuestCommands,
  guestPath: string,
  output: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = nameOf(guestPath);
  const [directory, member] = name === undefined ? [guestPath, '.'] : [dirname(guestPath), name];
  const tar = agent.exec(['sh', '-c', PACK_IN_GUEST, 'sh', directory, member], { signal });
  try {
    await pipeline(tar.stdout, output, { end: false });
  } catch (error) {
    tar.kill('SIGKILL');
    throw error;
  }
  await requireSuccess(tar, `packing ${guestPath}`);
}
