import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CommandFailedError,
  type ExitStatus,
  GuestSetupError,
  InvalidInputError,
  PermissionError,
} from '../../errors/index.ts';
import type { GuestAgent } from '../agent/agent.ts';
import type { GuestResult } from '../agent/process.ts';
import { asUser } from '../../process/confine/confine.ts';
import { type HelperOptions, startHelper } from '../../process/helper.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';
import type { ExtractOptions } from './extract-tree.ts';
import { type TreeOwner, openOwned } from './tree-owner.ts';

/** Runs commands in a guest: its agent, or a machine. */
export type GuestCommands = Pick<GuestAgent, 'exec'>;

/** Options of a copy between host and guest. */
export interface CopyOptions {
  /** Called with the bytes of a directory's tar stream so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of a copy into the guest. */
interface CopyInOptions extends CopyOptions {
  /** For root: the user to whom the directory belongs, and who reads it. Its path has no symbolic links then. */
  readonly owner?: TreeOwner | undefined;
}

/** Options of a copy to the host. */
interface CopyOutOptions extends CopyOptions, ExtractOptions {}

/** GNU's format: busybox knows its long names. Files belong to root in the guest. Errors have names as they are. */
const PACK = [
  'tar',
  '--create',
  '--file=-',
  '--format=gnu',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '--quoting-style=literal',
] as const;

/** GNU tar's status when a file has changed while it was read. The archive is whole; busybox has it for other errors, too. */
const CHANGED = 1;
/** GNU tar's words for each such file. */
const CHANGED_FILES =
  /^(?:.*: (?:file changed as we read it|File removed before we read it|File shrank by \d+ bytes?; padding with zeros)\n)+$/;
/** The line in which GNU tar names a path that its user may not read. */
const DENIED = /^\S*tar: (?!.*: Warning: )(.+): Cannot \w+: Permission denied$/m;

/** How GNU tar treats directories that exist. busybox's tar has none of these options, and keeps links. */
const EXISTING = {
  /** They keep their owner and mode. */
  kept: '--keep-directory-symlink --no-overwrite-dir',
  /** They get those of the archive. Links to directories stay: without its link /lib, most systems run no program. */
  changed: '--keep-directory-symlink',
  /** Links to directories are replaced, too. */
  mirrored: '',
} as const;

/**
 * Unpacks stdin into the directory $1, or into a directory $2 below it if $1 exists and $2 is not empty, with the options
 * $3 of GNU tar.
 */
const UNPACK_IN_GUEST = `
target=$1
if [ -d "$target" ]
then [ -z "$2" ] || target=\${target%/}/$2
elif [ -e "$target" ]
then echo "$target is not a directory" >&2; exit 1
fi
if [ -d "$target" ]
then was=$(stat -c '%a %u:%g' -- "$target/.")
else mkdir -- "$target" || exit 1
fi
cd -- "$target" || exit 1
keep=
# A new directory gets owner and mode of the archive.
[ -z "$was" ] || [ -z "$3" ] || case $(tar --help 2>&1) in
*--keep-directory-symlink*) keep=$3 ;;
esac
tar -x $keep -f -
status=$?
# The archive has an entry for the directory itself: one that was there keeps its owner and mode.
if [ -n "$was" ]; then chown "\${was#* }" . && chmod "\${was% *}" .; fi
exit $status`;

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
 * Copies a directory into the guest, with permission bits and times. As with podman: into `guestPath` if that is a
 * directory, otherwise as `guestPath`. Only the contents are copied from a path that ends in `/.`.
 * @throws InvalidInputError, PermissionError for a path that cannot be read, GuestSetupError, CommandFailedError, or the
 *   signal's reason.
 */
export async function copyTreeIntoGuest(
  agent: GuestCommands,
  hostPath: string,
  guestPath: string,
  { owner, ...options }: CopyInOptions,
): Promise<void> {
  const name = nameOf(hostPath) ?? '';
  if (!owner) return sendTar(agent, { hostPath, words: ['-C', hostPath, '.'] }, guestPath, name, options);
  await using directory = await openOwned(join(hostPath), owner);
  const by = { cwd: directory.path, confinement: asUser(owner) };
  await sendTar(agent, { hostPath, words: ['.'], by }, guestPath, name, options);
}

/**
 * Copies members of a directory into an existing directory of the guest, with permission bits and times. Those that
 * change or disappear meanwhile are copied as they are then, or left out.
 * @param paths relative to `hostPath`; of a directory, only itself is copied.
 * @throws PermissionError, GuestSetupError, CommandFailedError, or the signal's reason.
 */
export async function copyMembersIntoGuest(
  agent: GuestCommands,
  hostPath: string,
  paths: readonly string[],
  guestPath: string,
  options: CopyOptions,
): Promise<void> {
  const list = paths.map((path) => `./${path}\0`).join('');
  const words = ['-C', hostPath, '--no-recursion', '--ignore-failed-read', '--null', '--files-from=-'];
  await sendTar(agent, { hostPath, words, list }, guestPath, '', options);
}

interface Packing {
  /** The directory, as errors name it. */
  readonly hostPath: string;
  /** Arguments of tar. */
  readonly words: readonly string[];
  /** Standard input of tar: names of files that may change or disappear. */
  readonly list?: string;
  /** The user who runs tar, and the directory in which it runs. */
  readonly by?: Pick<HelperOptions, 'cwd' | 'confinement'>;
}

async function sendTar(
  agent: GuestCommands,
  { hostPath, words, list, by }: Packing,
  guestPath: string,
  name: string,
  { onProgress, signal }: CopyOptions,
): Promise<void> {
  const how = { buffer: { stdout: false }, ...(list !== undefined && { input: list }) } as const;
  const options = { ...by, environment: plainEnvironment(), signal };
  const tar = await startHelper([...PACK, ...words], options, how);
  const requireWhole = async (): Promise<void> => {
    const { exitCode, signal: killedBy, stderr } = await tar.ended;
    signal?.throwIfAborted();
    if (exitCode === 0 || exitCode === CHANGED) return;
    throw packingFailure(hostPath, { exitCode, signal: killedBy }, Buffer.from(stderr).toString());
  };
  const stream = { ended: false };
  const archive = (async function* (): AsyncGenerator<Uint8Array> {
    yield* counted(tar.child.stdout, onProgress);
    stream.ended = true;
  })();
  try {
    await unpackInGuest(agent, archive, guestPath, {
      name,
      existing: list === undefined ? 'kept' : 'mirrored',
      signal,
    });
    await requireWhole();
  } catch (error) {
    // The guest cannot unpack an incomplete archive: the reason why it is incomplete is the better error.
    if (stream.ended && error instanceof GuestSetupError) await requireWhole();
    throw error;
  } finally {
    tar.child.kill('SIGKILL');
    await tar.ended;
  }
}

function packingFailure(hostPath: string, status: ExitStatus, stderr: string): Error {
  const failure = new CommandFailedError(PACK, status, stderr);
  const denied = DENIED.exec(stderr)?.[1];
  if (denied === undefined) return failure;
  // tar names the directory itself as it was given, and members relative to it.
  const path = denied === hostPath ? join(hostPath) : join(hostPath, denied);
  return new PermissionError(`permission denied: ${path}`, {
    hint: 'check the owner and the permissions of this path',
    cause: failure,
  });
}

interface Unpacking {
  /** Directory below `guestPath`, if that exists; none by default. */
  readonly name?: string;
  readonly existing: keyof typeof EXISTING;
  readonly signal: AbortSignal | undefined;
}

/** Unpacks a tar stream in a directory of the guest. @throws GuestSetupError, or the signal's reason. */
export async function unpackInGuest(
  agent: GuestCommands,
  archive: AsyncIterable<Uint8Array>,
  guestPath: string,
  { name = '', existing, signal }: Unpacking,
): Promise<void> {
  const argv = ['sh', '-c', UNPACK_IN_GUEST, 'sh', guestPath, name, EXISTING[existing]];
  await requireSuccess(agent.exec(argv, { input: archive, signal }), `unpacking in ${guestPath}`);
}

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

async function requireSuccess(
  process: PromiseLike<GuestResult>,
  step: string,
  mayChange = false,
): Promise<void> {
  const { exitCode, stderr } = await process;
  if (mayChange && exitCode === CHANGED && CHANGED_FILES.test(stderr.toString())) return;
  if (exitCode !== 0) throw new GuestSetupError(step, exitCode, stderr.toString());
}

/** Name of a directory; undefined if only its contents are copied. */
function nameOf(path: string): string | undefined {
  const name = /(^|\/)\.{1,2}\/*$/.test(path) ? '' : basename(path);
  return name === '' ? undefined : name;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: CopyOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onProgress?.(bytes);
    yield chunk;
  }
}
