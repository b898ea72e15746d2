import { type Stats, constants, createReadStream, openSync, realpathSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  GuestFileError,
  GuestSetupError,
  INSTALL_AGENT,
  InvalidInputError,
  QmpClosedError,
  isSystemError,
} from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { streamToFile } from '../../images/store/stream-to-file.ts';
import { readGuestFile, writeGuestFile } from '../../qmp/index.ts';
import type { GuestChannel, QgaChannel } from '../channel/guest-channel.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { CopyOptions } from '../../guest/tree/tree-copy.ts';
import { copyTreeIntoGuest } from '../../guest/tree/tree-into-guest.ts';
import { copyTreeOutOfGuest } from '../../guest/tree/tree-out-of-guest.ts';

const DIRECTORY_HINT =
  `${INSTALL_AGENT}, or copy with ssh; to the guest: tar -C SRC -c . | vmlet ssh NAME -- tar -C DST -x; ` +
  'from the guest: vmlet ssh NAME -- tar -C SRC -c . | tar -C DST -x';

/** @throws InvalidInputError for QEMU's agent, which has no streams. */
export function agentOf(channel: GuestChannel, command = 'cp'): GuestAgent {
  if (channel.kind === 'vmlet') return channel.agent;
  throw new InvalidInputError(
    command,
    "the guest runs only QEMU's guest agent, which cannot copy directories or tar streams",
    {
      hint: DIRECTORY_HINT,
    },
  );
}

/**
 * Copies a file or directory into the guest with its permission bits. With vmlet's agent a file appears only when it is
 * complete. A FIFO is read until its writers close it, or the guest's agent leaves.
 * @param guestPath absolute; a directory, or a path with a trailing slash, gets the file under its own name.
 * @throws InvalidInputError, GuestFileError, QmpRefusedError, QmpClosedError, or the signal's reason.
 */
export async function copyIntoGuest(
  channel: GuestChannel,
  hostPath: string,
  guestPath: string,
  options: CopyOptions,
): Promise<void> {
  const { signal } = options;
  const found = statSync(hostPath, { throwIfNoEntry: false });
  if (!found) throw new InvalidInputError('source', `no such file: ${hostPath}`);
  if (found.isDirectory()) {
    await copyTreeIntoGuest(agentOf(channel), hostPath, absolute(guestPath), options);
    return;
  }
  if (found.isSocket()) {
    throw new InvalidInputError('source', `${hostPath} is a socket, not a file or directory`);
  }
  const inside = join(guestPath, basename(hostPath));
  const target = guestPath.endsWith('/') ? inside : guestPath;
  const mode = found.mode & 0o777;
  if (channel.kind === 'qga') {
    const isInside = target !== inside && (await isDirectoryByQga(channel, absolute(target), signal));
    await pushByQga(channel, () => openSource(hostPath, found), isInside ? inside : target, mode, signal);
    return;
  }
  const { agent } = channel;
  const push = async (to: string): Promise<void> => {
    const source = openSource(hostPath, found);
    try {
      await agent.push(source, to, { mode, signal });
    } finally {
      source.destroy();
    }
  };
  try {
    await push(target);
  } catch (error) {
    const isDirectory = error instanceof GuestFileError && error.errno === 'EISDIR' && target !== inside;
    // A pipe cannot be read again.
    if (!isDirectory || !found.isFile()) throw error;
    await push(inside);
  }
}

/**
 * Copies a file out of the guest with its permission bits; the copy is atomic. With vmlet's agent the number of bytes
 * is compared with the size at opening, unless that was 0 or 4096, as for files in /proc and /sys.
 * @param guestPath absolute.
 * @param hostPath a directory gets the file under its own name.
 * @returns the number of devices and FIFOs of a directory that were left out.
 * @throws InvalidInputError, GuestFileError, QmpRefusedError, NoSpaceError, PermissionError, or the signal's reason.
 */
export async function copyOutOfGuest(
  channel: GuestChannel,
  guestPath: string,
  hostPath: string,
  options: CopyOptions,
): Promise<number> {
  const { signal } = options;
  // Such a path has no file name to use on the host.
  if (/\/\.{0,2}$/.test(guestPath)) {
    return copyTreeOutOfGuest(agentOf(channel), absolute(guestPath), hostPath, options);
  }
  const existing = statSync(hostPath, { throwIfNoEntry: false });
  if (existing && !existing.isFile() && !existing.isDirectory()) {
    throw new InvalidInputError('target', `${hostPath} is not a regular file`, {
      hint: `choose a regular file or a directory; to print the file from the guest, run: vmlet exec NAME -- cat ${quoteForShell(guestPath)}`,
    });
  }
  const isInside = existing?.isDirectory() ?? false;
  const target = throughLinks(
    isInside || hostPath.endsWith('/') ? join(hostPath, basename(guestPath)) : hostPath,
  );
  try {
    if (channel.kind === 'qga') {
      const content = await readGuestFile(channel.client, absolute(guestPath), { signal });
      await streamToFile(target, asStream(content), signal, await modeByQga(channel, guestPath, signal));
      return 0;
    }
    const file = channel.agent.pull(guestPath, { signal });
    const { mode } = await file.attributes;
    await streamToFile(target, file.whole(), signal, mode & 0o777);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new InvalidInputError('target', `no such directory: ${dirname(target)}`, {
        hint: 'create the directory first, or choose another path',
        cause: error,
      });
    }
    if (!(error instanceof GuestFileError) || error.errno !== 'EISDIR') throw error;
    return copyTreeOutOfGuest(agentOf(channel), absolute(guestPath), hostPath, options);
  }
  return 0;
}

/** As cp does, an existing symbolic link is kept, and the file behind it is replaced. */
function throughLinks(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? realpathSync(path) : path;
}

/** Opens a file of the host. */
function openSource(path: string, found: Stats): Readable {
  if (!found.isFIFO()) return createReadStream(path);
  // As a stream of files, a thread would wait for the writers, and this process for the thread, whatever the guest does.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

async function pushByQga(
  channel: QgaChannel,
  open: () => Readable,
  target: string,
  mode: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const content = await readWhileOpen(open, channel, signal);
  await writeGuestFile(channel.client, absolute(target), content, { signal });
  const { exitCode, stderr } = await channel.exec(['chmod', mode.toString(8), target], { signal });
  if (exitCode !== 0) {
    throw new GuestSetupError(`chmod of ${target}`, exitCode, Buffer.from(stderr).toString());
  }
}

/** Reads a file of the host to its end. A writer of a FIFO may outlive the guest. */
async function readWhileOpen(
  open: () => Readable,
  { client }: QgaChannel,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  signal?.throwIfAborted();
  const source = open();
  const forget = signal && onAbort(signal, (reason) => source.destroy(reason as Error));
  void client.closed.then(() => source.destroy(new QmpClosedError('guest-file-write', undefined)));
  try {
    return await buffer(source);
  } finally {
    forget?.();
    source.destroy();
  }
}

async function isDirectoryByQga(
  channel: QgaChannel,
  path: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (await channel.exec(['test', '-d', path], { signal })).exitCode === 0;
}

async function modeByQga(
  channel: QgaChannel,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { exitCode, stdout, stderr } = await channel.exec(['stat', '-L', '-c', '%a', path], { signal });
  if (exitCode === 0) return Number.parseInt(Buffer.from(stdout).toString(), 8) & 0o777;
  throw new GuestSetupError(`stat of ${path}`, exitCode, Buffer.from(stderr).toString());
}

async function* asStream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

function absolute(path: string): string {
  if (path.startsWith('/')) return path;
  throw new InvalidInputError(
    'path',
    `invalid path ${JSON.stringify(path)}: expected an absolute path in the guest`,
  );
}
