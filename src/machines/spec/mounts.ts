import { isDeepStrictEqual } from 'node:util';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { VolumeType } from '../../machine/mount/volume-spec.ts';
import { numbersOf } from '../../machine/share/guest-owner.ts';
import type { StoredShare } from './machine-spec.ts';
import type { StoredMounts } from './stored-mounts.ts';

/** A directory, volume or tmpfs of a machine, or a copy. */
export interface Mount {
  readonly type: VolumeType;
  /** Its path in the guest. */
  readonly target: string;
  /** The directory, or the name of the volume; undefined for tmpfs. */
  readonly source: string | undefined;
  readonly readOnly: boolean;
  /** The guest gets a copy of the directory at each start. */
  readonly copy: boolean;
  /** Undefined for copies, volumes and tmpfs. */
  readonly cache: StoredShare['cache'] | undefined;
  /** Undefined for volumes and tmpfs. */
  readonly ids: StoredShare['ids'] | undefined;
}

/** A mount with the options of a tmpfs. */
export type ComparedMount = Mount & { readonly options: string | undefined };

/** Returns the mounts of a definition, or of the plan of a run. */
export function mountsOf(
  mounts: StoredMounts | Pick<NamedPlan, 'shares' | 'copies' | 'volumes' | 'tmpfs'>,
): ComparedMount[] {
  const { shares = [], copies = [], volumes = [], tmpfs = [] } = mounts;
  const nothing = {
    source: undefined,
    copy: false,
    cache: undefined,
    ids: undefined,
    options: undefined,
  };
  return [
    ...shares.map((share): ComparedMount => {
      const { target, readOnly, source, cache } = share;
      return { ...nothing, type: 'bind', target, readOnly, source, cache, ids: numbersOf(share) };
    }),
    ...copies.map((one): ComparedMount => {
      const { target, source } = one;
      // Nothing is copied back.
      return { ...nothing, type: 'bind', target, readOnly: true, source, copy: true, ids: numbersOf(one) };
    }),
    ...volumes.map(({ name, target, readOnly }): ComparedMount => {
      return { ...nothing, type: 'volume', target, readOnly, source: name };
    }),
    ...tmpfs.map(({ target, readOnly, options }): ComparedMount => {
      return { ...nothing, type: 'tmpfs', target, readOnly, options };
    }),
  ];
}

/** True for a mount of a run that the definition still has, or the reverse. */
export function isSameMount(one: ComparedMount, other: ComparedMount): boolean {
  return isDeepStrictEqual(one, other);
}
