import { basename, dirname, join } from 'node:path';
import {
  CopyBackError,
  CopyInError,
  GuestCommandError,
  GuestSetupError,
  InvalidInputError,
  PermissionError,
} from '../../errors/index.ts';
import type { GuestCommands } from '../../guest/tree/tree-copy.ts';
import { copyTreeIntoGuest } from '../../guest/tree/tree-into-guest.ts';
import { copyTreeOutOfGuest } from '../../guest/tree/tree-out-of-guest.ts';
import { nameBeside } from '../../guest/tree/name-beside.ts';
import { requirePrivacy } from '../../guest/tree/private-directory.ts';
import type { GuestFiles } from '../../guest/guest-text.ts';
import { type KnownIds, withKnownOwners } from './guest-owner.ts';
import type { FoundShare } from './share-plan.ts';

/** A share of which the guest gets a copy, with its owner on the host. */
export type Copy = Pick<
  FoundShare,
  'field' | 'source' | 'target' | 'readOnly' | 'ids' | 'runsAs' | 'changesUser'
>;

/**
 * Copies the contents of directories into the guest. For root, the owner of a directory reads it, as with virtiofsd.
 * @throws PermissionError for a path that cannot be read, CopyInError, CommandFailedError, InvalidInputError for an owner
 * that the guest does not have and a directory that was replaced or could not be copied back to, or the signal's reason.
 */
export async function copyIn(
  guest: GuestCommands & GuestFiles,
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const copy of await withKnownOwners(guest, copies, signal)) {
    await requireWayBack(copy);
    try {
      await copyOneIn(guest, copy, signal);
    } catch (error) {
      if (!(error instanceof GuestSetupError || error instanceof GuestCommandError)) throw error;
      throw new CopyInError(copy.source, error.message, { hint: error.hint, cause: error });
    }
  }
}

async function copyOneIn(
  guest: GuestCommands,
  copy: Copy & { readonly ids: KnownIds },
  signal: AbortSignal | undefined,
): Promise<void> {
  const { source, target, ids } = copy;
  await run(guest, ['mkdir', '-p', '--', dirname(target)], signal);
  await copyTreeIntoGuest(guest, `${source}/.`, target, { owner: ownerOf(copy), signal });
  if (ids.kind === 'host' || (ids.uid === 0 && ids.gid === 0)) return;
  await run(guest, ['chown', '-R', `${ids.uid}:${ids.gid}`, target], signal);
}

/**
 * Copies those that are not read-only back: files replace files, and files removed in the guest stay. If one fails, the
 * others are copied nevertheless.
 * For root, what is copied back belongs to the owner of the directory, as with virtiofsd.
 * @returns the number of devices and FIFOs that were left out.
 * @throws CopyBackError where the guest's files do not fit or may not be written: they are in a new directory beside;
 *   GuestSetupError, GuestProtocolError, NoSpaceError, PermissionError, or the signal's reason.
 */
export async function copyBack(
  guest: GuestCommands,
  copies: readonly Copy[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let omitted = 0;
  const failures: unknown[] = [];
  for (const copy of copies.filter(({ readOnly }) => !readOnly)) {
    try {
      omitted += await copyOneBack(guest, copy, signal);
    } catch (error) {
      failures.push(error);
      if (signal?.aborted) break;
    }
  }
  if (failures.length === 0) return omitted;
  const failure = oneOf(failures);
  // The reason of an abort does not name the directories that were kept.
  if (!(failure instanceof CopyBackError)) signal?.throwIfAborted();
  throw failure;
}

async function copyOneBack(
  guest: GuestCommands,
  copy: Copy,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { source, target } = copy;
  // The guest is about to go, with the only copy.
  const options = { owner: ownerOf(copy), keepsRest: true, signal };
  try {
    return await copyTreeOutOfGuest(guest, `${target}/.`, source, options);
  } catch (error) {
    if (!(error instanceof InvalidInputError || error instanceof PermissionError)) throw error;
    // Nothing can be created there: it is no directory any more, or belongs to another user.
    let beside: string;
    try {
      beside = join(dirname(source), nameBeside(dirname(source), basename(source)));
      await copyTreeOutOfGuest(guest, `${target}/.`, beside, options);
    } catch (second) {
      // It names the files that were kept; otherwise as little could be created there.
      throw second instanceof CopyBackError ? second : error;
    }
    throw new CopyBackError(
      `nothing was copied back to ${source}: ${reasonOf(error)}; the guest’s files are in ${beside}`,
      [beside],
      { hint: error.hint, cause: error },
    );
  }
}

function reasonOf(error: InvalidInputError | PermissionError): string {
  return error instanceof InvalidInputError ? error.message.slice(`${error.field}: `.length) : error.message;
}

/** Before the guest does work that would be lost at the end. */
async function requireWayBack(copy: Copy): Promise<void> {
  const owner = ownerOf(copy);
  if (!owner || copy.readOnly) return;
  try {
    await requirePrivacy(copy.source, owner);
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
    // No other guest could write there.
    throw new InvalidInputError(copy.field, error.message, { hint: error.hint, cause: error });
  }
}

function ownerOf({ runsAs, changesUser }: Copy): FoundShare['runsAs'] | undefined {
  return changesUser ? runsAs : undefined;
}

/** The first, or one whose message names every directory that was kept. */
function oneOf(failures: readonly unknown[]): Error {
  const kept = failures.flatMap((error) => (error instanceof CopyBackError ? error.kept : []));
  if (failures.length === 1 || kept.length === 0) return failures[0] as Error;
  const messages = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  return new CopyBackError(messages.join(', and '), kept, { cause: new AggregateError(failures) });
}

async function run(
  guest: GuestCommands,
  argv: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { exitCode, stderr } = await guest.exec(argv, { signal });
  if (exitCode !== 0) throw new GuestSetupError(argv.join(' '), exitCode, stderr.toString());
}
