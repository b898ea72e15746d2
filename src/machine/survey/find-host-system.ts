import { type Stats, statSync } from 'node:fs';
import { SharesUnavailableError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { type HostSystem, OTHERS_ID, SYSTEM, guestsOwn, mayShow } from '../share/host-system.ts';
import type { Share } from '../share/share.ts';
import type { HostIds } from '../share/virtiofsd-argv.ts';
import { requireVirtiofsd } from './find-shares.ts';
import { findHomes, withoutHomes } from './homes.ts';

const NOBODY: HostIds = { uid: OTHERS_ID, gid: OTHERS_ID };
/** Reading and entering, of others. */
const OPEN_TO_OTHERS = 0o005;

/**
 * Finds the host's system for a guest.
 * @param directory the working directory.
 * @param shares a directory that one of them has in the guest is theirs.
 * @throws SharesUnavailableError, TimedOutError, or the signal's reason.
 */
export async function findHostSystem(
  directory: string,
  shares: readonly Share[],
  host: Host,
  signal?: AbortSignal,
): Promise<HostSystem> {
  requireVirtiofsd(host, 'or use another image, such as debian:13');
  const { mount } = host.confinement.namespaces;
  // Without a root directory of its own, virtiofsd would show all that its user can read.
  if (!mount.usable) {
    throw new SharesUnavailableError(
      `image "host" requires a mount namespace, which vmlet cannot create (${mount.reason})`,
      {
        hint: 'to see how to fix this, run: vmlet doctor; or use another image, such as debian:13',
      },
    );
  }
  const found = statSync(directory);
  const changesUser = process.getuid?.() === 0;
  // Root can read what no guest should see.
  const owner = found.uid === 0 ? NOBODY : { uid: found.uid, gid: OTHERS_ID };
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const homes = await findHomes(directory, signal);
  const system = withoutHomes(SYSTEM, homes);
  const user = { changesUser, runsAs: changesUser ? owner : own, system };
  if (shares.some(({ target }) => directory === target || directory.startsWith(`${target}/`))) {
    return { ...user, directory: undefined, workdir: directory };
  }
  const visible = !isPrivateToRoot(found) && mayShow(directory, homes) ? directory : undefined;
  return { ...user, directory: visible, workdir: visible };
}

/** Why a directory of the host is hidden from guests. */
export interface HiddenReason {
  /** A clause, such as `it is a home directory or contains one`. */
  readonly words: string;
  /** Whether a share could show it under its own path. */
  readonly isShareable: boolean;
}

/** Returns why `findHostSystem` shows a directory to no guest. */
export function whyHidden(directory: string): HiddenReason {
  const own = guestsOwn(directory);
  if (own !== undefined) return { words: `the guest has its own ${own}`, isShareable: false };
  const isPrivate = isPrivateToRoot(statSync(directory));
  const words = isPrivate
    ? 'users other than root may not read it'
    : 'it is a home directory or contains one';
  return { words, isShareable: true };
}

/** True if root runs vmlet and others may not read this directory of root's: a guest sees it as one of them. */
function isPrivateToRoot({ uid, mode }: Pick<Stats, 'uid' | 'mode'>): boolean {
  return process.getuid?.() === 0 && uid === 0 && (mode & OPEN_TO_OTHERS) !== OPEN_TO_OTHERS;
}
