import { join } from 'node:path';
import { CommandFailedError, type ExitStatus, GuestSetupError, PermissionError } from '../../errors/index.ts';
import { asUser } from '../../process/confine/confine.ts';
import { type HelperOptions, startHelper } from '../../process/helper.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';
import {
  CHANGED,
  type CopyOptions,
  type GuestCommands,
  counted,
  nameOf,
  requireSuccess,
} from './tree-copy.ts';
import { type TreeOwner, openOwned } from './tree-owner.ts';

/** Options of a copy into the guest. */
interface CopyInOptions extends CopyOptions {
  /** For root: the user to whom the directory belongs, and who reads it. Its path has no symbolic links then. */
  readonly owner?: TreeOwner | undefined;
}

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

/** The line in which GNU tar names a path that its user may not read. */
const DENIED = /^\S*tar: (?!.*: Warning: )(.+): Cannot \w+: Permission denied$/m;

/** How GNU tar and busybox's, which always keeps links, treat directories that exist. */
const EXISTING = {
  /**
   * They keep their owner and mode. busybox's tar then sets neither of them for anything: an archive of ours has only files
   * of root, and they are created with their modes. Only setgid bits of new directories are lost, and new files in a
   * setgid directory get its group.
   */
  kept: { gnu: '--keep-directory-symlink --no-overwrite-dir', busybox: '-o --no-same-permissions' },
  /** They get those of the archive. Links to directories stay: without its link /lib, most systems run no program. */
  changed: { gnu: '--keep-directory-symlink', busybox: '' },
  /** Links to directories are replaced, too. */
  mirrored: { gnu: '', busybox: '' },
} as const;

/**
 * Unpacks stdin into the directory $1, or into a directory $2 below it if $1 exists and $2 is not empty, with the options
 * $3 of GNU tar or $4 of busybox's.
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
BusyBox*--no-same-permissions*)
  keep=$4
  [ -z "$keep" ] || umask 0 ;;
esac
tar -x $keep -f -
status=$?
# The archive has an entry for the directory itself: one that was there keeps its owner and mode.
if [ -n "$was" ]; then chown "\${was#* }" . && chmod "\${was% *}" .; fi
exit $status`;

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
  // Without `return`: busybox's tar ends before the padding of the archive, and tar would fail if its output were closed.
  const input = { [Symbol.asyncIterator]: () => ({ next: async () => archive.next() }) };
  const drain = async (): Promise<void> => {
    while ((await archive.next()).done !== true);
  };
  try {
    await unpackInGuest(agent, input, guestPath, {
      name,
      existing: list === undefined ? 'kept' : 'mirrored',
      signal,
    });
    await drain();
    await requireWhole();
  } catch (error) {
    // The guest cannot unpack an incomplete archive: the reason why it is incomplete is the better error.
    if (stream.ended && error instanceof GuestSetupError) await requireWhole();
    throw error;
  } finally {
    tar.child.kill('SIGKILL');
    await drain();
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
  const { gnu, busybox } = EXISTING[existing];
  const argv = ['sh', '-c', UNPACK_IN_GUEST, 'sh', guestPath, name, gnu, busybox];
  await requireSuccess(agent.exec(argv, { input: archive, signal }), `unpacking in ${guestPath}`);
}
