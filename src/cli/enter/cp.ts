import { Command, Option } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { type LiveMachine, MachineStore } from '../../machines/index.ts';
import { formatBytes } from '../../public/format.ts';
import { durationMs } from '../flags/flag-values.ts';
import { ProgressLine } from '../output/progress.ts';
import { note } from '../output/say.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { parsePlace } from './place.ts';

interface Limits {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Stands for a tar stream on standard input or output. */
const STREAM = '-';

export function cpCommand(): Command {
  return new Command('cp')
    .description(
      'Copies a file or directory with its permissions into a machine or out of it. For a directory, modification times ' +
        'are copied too. The copied files belong to root in the machine, and to you on the host. If the guest has ' +
        "QEMU's guest agent but not vmlet's agent, only single files can be copied.\n" +
        'If TARGET is an existing directory, SOURCE is copied into it; otherwise the copy is named TARGET. SOURCE/. ' +
        'copies only the contents of SOURCE. If TARGET already contains a directory with the name of SOURCE, SOURCE is ' +
        'merged into that directory: existing directories keep their permissions. Symbolic links in ' +
        'a directory are copied as links. When copying to the host, ' +
        'devices and FIFOs are left out, and setuid, setgid and sticky bits are dropped.\n' +
        'With - as SOURCE, a tar stream is read from stdin and unpacked in TARGET, with the owners that are stored in the ' +
        'stream. With - as TARGET, SOURCE is written to stdout as a tar stream.\n' +
        'On the host, the copy appears only when it is complete. Copying out of a machine fails if the size of a file changes ' +
        'meanwhile (except for files of /proc and /sys), and, for a directory in a guest with GNU tar, if a file changes at ' +
        'all. Write a local path that contains a colon as ./a:b.',
    )
    .argument('<source>', 'NAME:/PATH in a machine, a local path, or - for a tar stream on stdin')
    .argument('<target>', 'a local path, NAME:/PATH, or - for a tar stream on stdout')
    .addOption(
      new Option(
        '-r, --recursive',
        'has no effect: directories are always copied with their contents',
      ).hideHelp(),
    )
    .option('--timeout <time>', 'how long to wait for an agent in the guest (default: 30s)', durationMs)
    .action(copy);
}

async function copy(
  source: string,
  target: string,
  { timeout: timeoutMs }: { readonly timeout?: number },
): Promise<void> {
  const from = parsePlace(source);
  const to = parsePlace(target);
  if ((from.machine === undefined) === (to.machine === undefined)) {
    throw from.machine === undefined
      ? new InvalidInputError('cp', 'neither source nor target is in a machine (NAME:/PATH)', {
          hint: 'for example: vmlet cp ./site web:/srv/',
        })
      : new InvalidInputError('cp', 'source and target are both in a machine (NAME:/PATH)', {
          hint: 'copy to the host first, then into the other machine; write a local path that contains a colon as ./a:b',
        });
  }
  const live = new MachineStore().get(from.machine ?? to.machine ?? '').live();
  await untilInterrupted(async (signal) =>
    from.machine === undefined
      ? copyIn(live, from.path, to.path, { timeoutMs, signal })
      : copyOut(live, from.path, to.path, { timeoutMs, signal }),
  );
}

async function copyIn(live: LiveMachine, path: string, guestPath: string, limits: Limits): Promise<void> {
  if (path === STREAM) {
    if (process.stdin.isTTY)
      throw new InvalidInputError('source', 'cannot read a tar stream from a terminal', {
        hint: `pipe a tar stream in, for example: tar c . | vmlet cp - ${live.name}:${guestPath}`,
      });
    try {
      await live.unpack(process.stdin, guestPath, limits);
    } finally {
      // The unread rest of the stream would keep this process alive.
      process.stdin.destroy();
    }
    return;
  }
  await showingBytes(path, async (onProgress) => live.copyIn(path, guestPath, { ...limits, onProgress }));
}

async function copyOut(live: LiveMachine, guestPath: string, path: string, limits: Limits): Promise<void> {
  if (path === STREAM) {
    if (process.stdout.isTTY)
      throw new InvalidInputError('target', 'cannot write a tar stream to a terminal', {
        hint: `redirect the stream to a file: vmlet cp ${live.name}:${guestPath} - > FILE.tar`,
      });
    await live.pack(guestPath, process.stdout, limits);
    return;
  }
  const skipped = await showingBytes(guestPath, async (onProgress) =>
    live.copyOut(guestPath, path, { ...limits, onProgress }),
  );
  if (skipped > 0) note(`left out ${skipped} special ${skipped === 1 ? 'file' : 'files'} (devices, FIFOs)`);
}

async function showingBytes<T>(
  path: string,
  work: (onProgress: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine();
  try {
    return await work((bytes) => progress.show(`copying ${path}: ${formatBytes(bytes)}`));
  } finally {
    progress.clear();
  }
}
