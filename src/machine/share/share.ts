import { posix } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import { type Mounting, refuseOptions } from '../mount/mounting.ts';
import type { CachePolicy, VolumeSpec } from '../mount/volume-spec.ts';

/** The users of the files. `user` is `USER[:GROUP]` with a name, of which the guest knows the number. */
export type ShareIds =
  | { readonly kind: 'squash'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'host' };

/** A directory of the host that the guest sees. */
export interface Share extends Mounting {
  /** Absolute. */
  readonly source: string;
  readonly cache: CachePolicy;
  readonly ids: ShareIds;
  /** The guest gets a copy. */
  readonly copy: boolean;
  /** Name of its device; by default its place in the list. */
  readonly tag?: string | undefined;
}

/** @throws InvalidInputError */
export function shareOf(volume: VolumeSpec, mounting: Mounting, directory: string): Share {
  const { source = '', cache, ids, uid, gid, copy = false } = volume;
  const { field } = mounting;
  refuseOptions(volume, ['size', 'mode'], field, 'a directory of the host');
  if (ids === 'host' && (uid ?? gid) !== undefined) {
    throw new InvalidInputError(field, 'ids=host cannot be used together with uid or gid', {
      hint: 'leave out uid and gid: with ids=host, files have the same owners in the guest as on the host',
    });
  }
  if (copy && (cache ?? ids) !== undefined) {
    throw new InvalidInputError(field, 'copy cannot be used together with cache or ids', {
      hint: 'leave out cache and ids: they apply to shared directories, not to copies',
    });
  }
  if (source.includes('\0')) throw new InvalidInputError(field, 'a path cannot contain a NUL');
  return {
    ...mounting,
    source: posix.resolve(directory, source),
    cache: cache ?? 'auto',
    ids: ids === 'host' ? { kind: 'host' } : ownersOf(volume),
    copy,
  };
}

function ownersOf({ uid = 0, gid }: VolumeSpec): ShareIds {
  if (typeof uid === 'number' && typeof gid !== 'string') return { kind: 'squash', uid, gid: gid ?? uid };
  return { kind: 'user', user: gid === undefined ? `${uid}` : `${uid}:${gid}` };
}
