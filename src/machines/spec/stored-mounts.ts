import { InvalidInputError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { type MountSet, MOST_DEVICES } from '../../machine/share/mount-set.ts';
import { numbersOf, refuseNamedOwners } from '../../machine/share/guest-owner.ts';
import type { NamedVolume, Tmpfs } from '../../machine/share/named-volume.ts';
import type { Share } from '../../machine/share/share.ts';
import { findShare } from '../../machine/survey/find-shares.ts';
import type { MachineSpec, StoredShare } from './machine-spec.ts';

/** The parts of a machine's definition that its guest mounts. */
export type StoredMounts = Pick<MachineSpec, 'shares' | 'volumes' | 'tmpfs'>;

/** @throws InvalidInputError for a directory that is missing. */
export function storedMounts({ shares, volumes, tmpfs }: MountSet): StoredMounts {
  return {
    ...(shares.length > 0 && { shares: shares.map(storedShare) }),
    ...(volumes.length > 0 && { volumes: volumes.map(({ field: _field, ...volume }) => volume) }),
    ...(tmpfs.length > 0 && { tmpfs: tmpfs.map(({ field: _field, ...mount }) => mount) }),
  };
}

/** Returns the definition of a machine that mounts these instead. */
export function withMounts(
  spec: MachineSpec,
  { shares, volumes, tmpfs }: Required<StoredMounts>,
): MachineSpec {
  const { shares: _shares, volumes: _volumes, tmpfs: _tmpfs, ...others } = spec;
  return {
    ...others,
    ...(shares && shares.length > 0 && { shares }),
    ...(volumes && volumes.length > 0 && { volumes }),
    ...(tmpfs && tmpfs.length > 0 && { tmpfs }),
  };
}

/** @throws InvalidInputError that names the command to use. */
export function refuseCopies({ shares }: MountSet, machine: string): void {
  const copied = shares.find(({ copy }) => copy);
  if (!copied) return;
  const words = [copied.source, `${machine}:${copied.target}`].map(quoteForShell);
  throw new InvalidInputError(copied.field, 'the option copy is not supported for named machines', {
    hint: `start the machine without this directory, then copy the directory: vmlet sync ${words.join(' ')}`,
  });
}

/** The directories of a named machine are there before its guest runs. @throws InvalidInputError */
export function refuseOwnersByName({ shares }: MountSet): void {
  refuseNamedOwners(shares, 'for named machines');
}

/** Stored with its real path: a link could lead elsewhere at a later start. */
function storedShare(share: Share): StoredShare {
  const { source, target, readOnly, cache, tag } = findShare(share);
  const ids = numbersOf(share);
  return { source, target, readOnly, cache, ids, ...(tag !== undefined && { tag }) };
}

/** Returns what a machine mounts, named in errors by its path in the guest. */
export function mountSetOf(spec: StoredMounts): MountSet {
  return { shares: sharesOf(spec), volumes: volumesOf(spec), tmpfs: tmpfsOf(spec) };
}

export function sharesOf({ shares = [] }: Pick<MachineSpec, 'shares'>): Share[] {
  return shares.map((share) => ({ ...share, field: share.target, copy: false }));
}

export function volumesOf({ volumes = [] }: Pick<MachineSpec, 'volumes'>): NamedVolume[] {
  return volumes.map((volume) => ({ ...volume, field: volume.target }));
}

export function tmpfsOf({ tmpfs = [] }: Pick<MachineSpec, 'tmpfs'>): Tmpfs[] {
  return tmpfs.map((mount) => ({ ...mount, field: mount.target }));
}

/** Returns all tags that shares can have, in the order in which they are given. */
export function shareTags(count = MOST_DEVICES): string[] {
  return Array.from({ length: count }, (_, number) => `share${number}`);
}

/** Gives each share the tag that it has without one, so that it keeps it when others go. */
export function withTags(shares: readonly StoredShare[] = []): (StoredShare & { readonly tag: string })[] {
  return shares.map((share, index) => ({ ...share, tag: share.tag ?? `share${index}` }));
}
