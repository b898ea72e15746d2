import { posix } from 'node:path';
import * as z from 'zod';
import { GuestFileError, INSTALL_AGENT, InvalidInputError } from '../../../errors/index.ts';
import type { LiveMachine, VmletChannel } from '../../../machines/index.ts';
import { quoteForShell } from '../../../public/format.ts';

/** An entry of a directory in the guest. */
export interface GuestEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  readonly bytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly modifiedAt: Date;
}

const LONGEST_NAME = 255;
const MOST_LISTING = 16 * 1024 * 1024;
const KINDS: Readonly<Record<number, GuestEntry['kind']>> = { 0o10: 'file', 0o4: 'directory', 0o12: 'link' };

export const guestPath = z
  .string()
  .refine((path) => path.startsWith('/') && !path.includes('\0'), 'expected an absolute path');

/** One part of a path, so that a file stays in the directory that the user chose. */
export const guestFileName = z
  .string()
  .refine(
    (name) =>
      name !== '' &&
      !['.', '..'].includes(name) &&
      !/[/\0]/.test(name) &&
      Buffer.byteLength(name) <= LONGEST_NAME,
    'expected a file name of at most 255 bytes, without a slash; "." and ".." are not allowed',
  );

/** Names in one section and attributes in another, both in the same order: a name may contain anything but NUL. */
const LIST =
  '[ -e "$1" ] || exit 3; cd -- "$1" || exit 2; set --; for f in * .[!.]* ..?*; do if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi; done; ' +
  '[ $# -eq 0 ] && exit 0; printf "%s\\0" "$@"; printf "\\0"; exec stat -c "%f %s %Y" -- "$@"';

/** Lists a directory of the guest by its shell and stat. @throws GuestFileError */
export async function listGuestDirectory(
  live: LiveMachine,
  path: string,
  signal: AbortSignal,
): Promise<GuestEntry[]> {
  await using channel = await openAgent(live, signal);
  const { exitCode, stdout, truncated } = await channel.agent.exec(['/bin/sh', '-c', LIST, 'sh', path], {
    signal,
    maxBuffer: MOST_LISTING,
  });
  if (exitCode === 2 || exitCode === 3) {
    throw exitCode === 3
      ? new GuestFileError(path, 'ENOENT', 'no such directory', {
          hint: 'correct the path',
        })
      : new GuestFileError(path, 'EACCES', 'not a directory, or permission denied', {
          hint: 'check the path and its permissions in the guest',
        });
  }
  const end = stdout.indexOf('\0\0');
  if (truncated || exitCode !== 0) {
    throw new GuestFileError(
      path,
      'EIO',
      'the directory changed while it was being listed, or it has too many entries',
      { hint: `try again, or list it in a shell: vmlet exec ${live.name} -- ls -l ${quoteForShell(path)}` },
    );
  }
  if (end === -1) return [];
  const names = stdout.toString('utf8', 0, end).split('\0');
  const lines = stdout
    .toString('utf8', end + 2)
    .trimEnd()
    .split('\n');
  return names.map((name, index) => ({ name, ...attributesOf(lines[index] ?? '') }));
}

/** Joins a directory and a name that were checked. */
export function pathIn(directory: string, name: string): string {
  return posix.join(directory, name);
}

/** @throws InvalidInputError when the guest has only QEMU's agent. */
export async function openAgent(live: LiveMachine, signal: AbortSignal): Promise<VmletChannel> {
  const channel = await live.openGuest({ signal });
  if (channel.kind === 'vmlet') return channel;
  await channel[Symbol.asyncDispose]();
  throw new InvalidInputError('machine', "this needs vmlet's agent; this guest has only QEMU's agent", {
    hint: `${INSTALL_AGENT}, or copy single files with: vmlet cp`,
  });
}

/** The guest is not trusted: the output may contain anything. */
function attributesOf(line: string): Omit<GuestEntry, 'name'> {
  const [, mode = '0', size = '0', seconds = '0'] =
    /^([\da-f]{1,8}) (\d{1,15}) (-?\d{1,11})$/.exec(line) ?? [];
  const bits = parseInt(mode, 16);
  return {
    kind: KINDS[bits >> 12] ?? 'other',
    bytes: Number(size),
    mode: bits & 0o7777,
    modifiedAt: new Date(Number(seconds) * 1000),
  };
}
