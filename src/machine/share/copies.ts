import { dirname } from 'node:path';
import { GuestSetupError } from '../../errors/index.ts';
import { type GuestCommands, copyTreeIntoGuest, copyTreeOutOfGuest } from '../../guest/tree/copy-tree.ts';
import { type GuestFiles, withKnownOwners } from './guest-owner.ts';
import type { Share } from './share.ts';

/** A share of which the guest has a copy. */
export type Copy = Pick<Share, 'field' | 'source' | 'target' | 'readOnly' | 'ids'>;

/**
 * Copies the contents of directories into the guest.
 * @throws GuestSetupError, CommandFailedError, InvalidInputError for an owner that the guest does not have, or the
 * signal's reason.
 */
export async function copyIn(
  guest: GuestCommands & GuestFiles,
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { source, target, ids } of await withKnownOwners(guest, copies, signal)) {
    await run(guest, ['mkdir', '-p', '--', dirname(target)], signal);
    await copyTreeIntoGuest(guest, `${source}/.`, target, { signal });
    if (ids.kind === 'host' || (ids.uid === 0 && ids.gid === 0)) continue;
    await run(guest, ['chown', '-R', `${ids.uid}:${ids.gid}`, target], signal);
  }
}

/**
 * Copies those that are not read-only back: files replace files, and files removed in the guest stay.
 * @returns the number of devices and FIFOs that were left out.
 * @throws GuestSetupError, GuestProtocolError, NoSpaceError, PermissionError, or the signal's reason.
 */
export async function copyBack(
  guest: GuestCommands,
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let omitted = 0;
  for (const { source, target } of copies.filter(({ readOnly }) => !readOnly)) {
    omitted += await copyTreeOutOfGuest(guest, `${target}/.`, source, { signal });
  }
  return omitted;
}

async function run(
  guest: GuestCommands,
  argv: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { exitCode, stderr } = await guest.exec(argv, { signal });
  if (exitCode !== 0) throw new GuestSetupError(argv.join(' '), exitCode, stderr.toString());
}
