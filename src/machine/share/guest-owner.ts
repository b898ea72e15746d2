import { InvalidInputError } from '../../errors/index.ts';
import { type AccountFiles, idsOf } from '../../guest/account.ts';
import { type GuestFiles, readGuestText } from '../../guest/guest-text.ts';
import type { Share, ShareIds } from './share.ts';

/** Files of the guest with more bytes than this are not read. */
const MOST_BYTES = 4 * 1024 ** 2;

/** Owners that are known before the guest runs, or that the guest has been asked for. */
export type KnownIds = Exclude<ShareIds, { readonly kind: 'user' }>;

type Owned = Pick<Share, 'field' | 'ids'>;

/** True for a share whose owner in the guest is a name. */
export function hasNamedOwner({ ids }: Pick<Share, 'ids'>): boolean {
  return ids.kind === 'user';
}

/**
 * Asks the guest for the numbers of the owners that are names.
 * @returns the same shares in the same order.
 * @throws InvalidInputError for a user or group that the guest does not have, GuestFileError, or the signal's reason.
 */
export async function withKnownOwners<Given extends Owned>(
  guest: GuestFiles,
  shares: readonly Given[],
  signal: AbortSignal | undefined,
): Promise<(Given & { readonly ids: KnownIds })[]> {
  const files = shares.some(hasNamedOwner) ? await accountFiles(guest, signal) : undefined;
  return shares.map((share) => ({ ...share, ids: files ? knownIds(share, files) : numbersOf(share) }));
}

function knownIds(share: Owned, files: AccountFiles): KnownIds {
  const { ids, field } = share;
  if (ids.kind !== 'user') return ids;
  const found = idsOf(ids.user, files);
  if (found) return { kind: 'squash', ...found };
  const [user, group] = ids.user.split(':');
  const words = group === undefined ? `user: ${String(user)}` : `user or group: ${ids.user}`;
  throw new InvalidInputError(field, `the guest has no such ${words}`, {
    hint: 'choose a user that is in /etc/passwd of the guest, or give numbers: uid=N,gid=N',
  });
}

/** @throws InvalidInputError for an owner that is a name, where no guest can be asked for its number. */
export function refuseNamedOwners(shares: readonly Owned[], where: string): void {
  const named = shares.find(hasNamedOwner);
  if (!named) return;
  throw new InvalidInputError(named.field, `uid and gid must be numbers ${where}`, {
    hint: 'give the numbers that the user has in the guest: uid=N,gid=N',
  });
}

/** @throws TypeError for a name. */
export function numbersOf({ ids }: Pick<Share, 'ids'>): KnownIds {
  if (ids.kind === 'user') throw new TypeError(`the guest was not asked for the numbers of ${ids.user}`);
  return ids;
}

async function accountFiles(guest: GuestFiles, signal: AbortSignal | undefined): Promise<AccountFiles> {
  const [passwd, group] = await Promise.all(
    ['/etc/passwd', '/etc/group'].map(async (path) =>
      readGuestText(guest, path, { mostBytes: MOST_BYTES, signal }),
    ),
  );
  return { passwd: passwd ?? '', group: group ?? '' };
}
