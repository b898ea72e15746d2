import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { GuestFileError, GuestSetupError, InvalidInputError } from '../../errors/index.ts';
import { streamToFile } from '../../images/store/stream-to-file.ts';
import { readGuestFile, writeGuestFile } from '../../qmp/index.ts';
import type { GuestChannel, QgaChannel } from '../channel/guest-channel.ts';

const DIRECTORY_HINT =
  'one file at a time is copied; a directory goes through a pipe: vmlet exec NAME -- tar -C DIR -c . | tar -x';

/**
 * Copies a file into the guest, with its permission bits. By our agent it is there whole or not at all.
 * @param guestPath absolute; with a slash at its end, or where it is a directory, the file goes into that.
 * @throws InvalidInputError, GuestFileError, QmpRefusedError, or the signal's reason.
 */
export async function copyIntoGuest(
  channel: GuestChannel,
  hostPath: string,
  guestPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = statSync(hostPath, { throwIfNoEntry: false });
  if (!found) throw new InvalidInputError('source', `there is no file ${hostPath}`);
  if (found.isDirectory()) {
    throw new InvalidInputError('source', `${hostPath} is a directory`, { hint: DIRECTORY_HINT });
  }
  const inside = join(guestPath, basename(hostPath));
  const target = guestPath.endsWith('/') ? inside : guestPath;
  const mode = found.mode & 0o777;
  if (channel.kind === 'qga') {
    await pushByQga(channel, hostPath, target, mode, signal);
    return;
  }
  const { agent } = channel;
  const push = async (to: string): Promise<void> =>
    agent.push(createReadStream(hostPath), to, { mode, signal });
  try {
    await push(target);
  } catch (error) {
    if (!(error instanceof GuestFileError) || error.errno !== 'EISDIR' || target === inside) throw error;
    await push(inside);
  }
}

/**
 * Copies a file out of the guest, with its permission bits; it is there whole or not at all. By our agent its size is
 * compared with the one that it was opened with, unless that is 0 or 4096, as of files of /proc and /sys.
 * @param guestPath absolute.
 * @param hostPath where it is a directory, the file goes into that.
 * @throws InvalidInputError, GuestFileError, QmpRefusedError, NoSpaceError, PermissionError, or the signal's reason.
 */
export async function copyOutOfGuest(
  channel: GuestChannel,
  guestPath: string,
  hostPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Whatever the guest says: there is no name that the file could have here.
  if (/\/\.{0,2}$/.test(guestPath)) throw isDirectory(guestPath);
  const isInside = statSync(hostPath, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const target = isInside || hostPath.endsWith('/') ? join(hostPath, basename(guestPath)) : hostPath;
  if (channel.kind === 'qga') {
    const content = await readGuestFile(channel.client, absolute(guestPath), { signal });
    await streamToFile(target, asStream(content), signal, await modeByQga(channel, guestPath, signal));
    return;
  }
  const file = channel.agent.pull(guestPath, { signal });
  try {
    const { mode } = await file.attributes;
    await streamToFile(target, file.whole(), signal, mode & 0o777);
  } catch (error) {
    if (!(error instanceof GuestFileError) || error.errno !== 'EISDIR') throw error;
    throw isDirectory(guestPath, error);
  }
}

function isDirectory(guestPath: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('source', `${guestPath} in the guest is a directory`, {
    hint: DIRECTORY_HINT,
    cause,
  });
}

async function pushByQga(
  channel: QgaChannel,
  hostPath: string,
  target: string,
  mode: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await writeGuestFile(channel.client, absolute(target), await readFile(hostPath), { signal });
  const { exitCode, stderr } = await channel.exec(['chmod', mode.toString(8), target], { signal });
  if (exitCode !== 0) {
    throw new GuestSetupError(`chmod of ${target}`, exitCode, Buffer.from(stderr).toString());
  }
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
  throw new InvalidInputError('path', `is ${JSON.stringify(path)}; it must be an absolute path in the guest`);
}
