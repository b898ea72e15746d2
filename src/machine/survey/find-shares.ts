import { realpathSync, statSync } from 'node:fs';
import { InvalidInputError, SharesUnavailableError, isSystemError } from '../../errors/index.ts';
import type { Host, VirtiofsdFeatures } from '../../host/survey/host.ts';
import type { FoundShare } from '../share/share-plan.ts';
import type { Share } from '../share/share.ts';
import type { HostIds } from '../share/virtiofsd-argv.ts';
import { quoteForShell } from '../qemu/quote.ts';
import { readable } from '../spec/disk-spec.ts';

const INSTALL =
  'install virtiofsd (Debian 13 and newer: apt install virtiofsd, Fedora: dnf install virtiofsd)';
const COPY =
  'or copy the directory (-v SRC:DST:ro,copy; with vmlet run also -v SRC:DST:copy, which copies back)';
const NEEDED_DEVICE = 'vhost-user-fs-pci';
const NEEDED_MEMORY = 'memory-backend-memfd';

/**
 * Finds the directories to share.
 * @param otherwise as for `findShare`.
 * @throws InvalidInputError for a directory that is missing, SharesUnavailableError.
 */
export function findShares(
  shares: readonly Share[],
  host: Host,
  otherwise?: (share: Share) => string,
): FoundShare[] {
  // Mistakes on the command line come first.
  const found = shares.map((share) => findShare(share, otherwise));
  if (found.length === 0) return found;
  const { translatesIds } = requireVirtiofsd(host);
  refuseSetuidOfRoot(found, host);
  if (!translatesIds && found.some(({ ids }) => ids.kind !== 'host')) {
    throw new SharesUnavailableError(
      'the installed virtiofsd is too old: it does not support --translate-uid',
      {
        hint: `install a newer virtiofsd, share the directory with ids=host (-v SRC:DST:ids=host), ${COPY}`,
      },
    );
  }
  return found;
}

/** Only a filter of system calls denies the mode bits. @throws SharesUnavailableError */
function refuseSetuidOfRoot(shares: readonly FoundShare[], { confinement: { seccomp } }: Host): void {
  if (seccomp.usable) return;
  const ofRoot = shares.find(({ readOnly, runsAs }) => !readOnly && runsAs.uid === 0);
  if (!ofRoot) return;
  throw new SharesUnavailableError(
    `without seccomp (${seccomp.reason}), a guest could create setuid programs of root in ${readable(ofRoot.source)}`,
    { hint: `share the directory read-only (-v SRC:DST:ro), ${COPY}` },
  );
}

/**
 * @param otherwise ends the hint: what the user can do without virtiofsd.
 * @throws SharesUnavailableError without a usable virtiofsd.
 */
export function requireVirtiofsd({ qemu, virtiofsd }: Host, otherwise = COPY): VirtiofsdFeatures {
  if (!virtiofsd) {
    throw new SharesUnavailableError('virtiofsd is not installed', { hint: `${INSTALL}, ${otherwise}` });
  }
  if (virtiofsd.problem !== undefined) {
    throw new SharesUnavailableError(virtiofsd.problem, { hint: `install a newer virtiofsd, ${otherwise}` });
  }
  if (!qemu.devices.includes(NEEDED_DEVICE) || !qemu.objects.includes(NEEDED_MEMORY)) {
    const missing = qemu.devices.includes(NEEDED_DEVICE) ? NEEDED_MEMORY : NEEDED_DEVICE;
    throw new SharesUnavailableError(`this QEMU does not support ${missing}`, {
      hint: `use a QEMU that was built with ${missing}, ${otherwise}`,
    });
  }
  return virtiofsd;
}

/**
 * Finds the directory of one share.
 * @param otherwise returns the end of the hint: what the user can do without the directory.
 * @throws InvalidInputError
 */
export function findShare(share: Share, otherwise?: (share: Share) => string): FoundShare {
  const { path, owner } = lookAt(share, otherwise?.(share));
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // A guest must not act as root on a user's files.
  const changesUser = own.uid === 0 && owner.uid !== 0;
  return { ...share, source: path, runsAs: changesUser ? owner : own, changesUser };
}

function lookAt(
  { field, source }: Share,
  otherwise: string | undefined,
): { readonly path: string; readonly owner: HostIds } {
  const hintOf = (...ways: string[]): string | undefined =>
    [...ways, ...(otherwise === undefined ? [] : [otherwise])].join('; ') || undefined;
  try {
    const path = realpathSync(source);
    const found = statSync(path);
    if (!found.isDirectory()) {
      throw new InvalidInputError(field, `not a directory: ${readable(source)}`, {
        hint: hintOf(
          found.isFile()
            ? 'share the directory that contains the file, or copy the file into a named machine: vmlet cp FILE NAME:/PATH'
            : 'share a directory: FIFOs, sockets and devices of the host do not work in a guest',
        ),
      });
    }
    return { path, owner: { uid: found.uid, gid: found.gid } };
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      throw new InvalidInputError(field, `no such directory: ${readable(source)}`, {
        hint: hintOf(`create it: mkdir -p ${readable(quoteForShell(source))}`),
        cause: error,
      });
    }
    if (isSystemError(error)) {
      throw new InvalidInputError(field, `cannot share ${readable(source)}: ${error.message}`, {
        hint: hintOf(),
        cause: error,
      });
    }
    throw error;
  }
}
