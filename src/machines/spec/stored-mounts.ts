import { INSTALL_AGENT, InvalidInputError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import { type MountSet, MOST_DEVICES } from '../../machine/share/mount-set.ts';
import { numbersOf, refuseNamedOwners } from '../../machine/share/guest-owner.ts';
import type { NamedVolume, Tmpfs } from '../../machine/volume/named-volume.ts';
import { DATA_PATH } from '../../images/micro/stay-script.ts';
import type { Share } from '../../machine/share/share.ts';
import { findShare } from '../../machine/survey/find-shares.ts';
import type { MachineSpec, StoredCopy, StoredShare } from './machine-spec.ts';

/** The parts of a machine's definition that its guest mounts, or gets copies of. */
export type StoredMounts = Pick<MachineSpec, 'shares' | 'copies' | 'volumes' | 'tmpfs'>;

/** @throws InvalidInputError for a directory that is missing. */
export function storedMounts({ shares, volumes, tmpfs }: MountSet): StoredMounts {
  const shared = shares.filter(({ copy }) => !copy);
  const copied = shares.filter(({ copy }) => copy);
  return {
    ...(shared.length > 0 && { shares: shared.map(storedShare) }),
    ...(copied.length > 0 && { copies: copied.map(storedCopy) }),
    ...(volumes.length > 0 && { volumes: volumes.map(({ field: _field, ...volume }) => volume) }),
    ...(tmpfs.length > 0 && { tmpfs: tmpfs.map(({ field: _field, ...mount }) => mount) }),
  };
}

/** Returns the definition of a machine that mounts these instead. */
export function withMounts(
  spec: MachineSpec,
  { shares, copies, volumes, tmpfs }: Required<StoredMounts>,
): MachineSpec {
  const { shares: _shares, copies: _copies, volumes: _volumes, tmpfs: _tmpfs, ...others } = spec;
  return {
    ...others,
    ...(shares && shares.length > 0 && { shares }),
    ...(copies && copies.length > 0 && { copies }),
    ...(volumes && volumes.length > 0 && { volumes }),
    ...(tmpfs && tmpfs.length > 0 && { tmpfs }),
  };
}

/**
 * A guest that powers itself off leaves no moment to copy back, and the host's files may have changed by then.
 * @throws InvalidInputError that names the command to use.
 */
export function refuseCopyingBack({ shares }: MountSet, machine: string): void {
  const copied = shares.find(({ copy, readOnly }) => copy && !readOnly);
  if (!copied) return;
  const { field, source, target } = copied;
  const words = [`${machine}:${target}/.`, source].map(quoteForShell);
  throw new InvalidInputError(field, 'the option copy requires the option ro for named machines', {
    hint: `add ro, and copy the files back when you want them: vmlet cp ${words.join(' ')}`,
  });
}

/**
 * A machine that begins with a template's memory continues with the mounts in it: made before its own disk appears, and
 * never made again from the outside.
 * @throws InvalidInputError for volumes, copies, and mounts that the disk would hide.
 */
export function refuseBesideMemory({ shares, volumes, tmpfs }: MountSet): void {
  const refuse = ({ field }: { readonly field: string }, what: string, why: string, hint: string): never => {
    throw new InvalidInputError(field, `${what} cannot be used together with a template: ${why}`, { hint });
  };
  const copied = shares.find(({ copy }) => copy);
  if (copied) {
    const why = 'nothing is copied when a machine continues from saved memory';
    refuse(copied, 'the option copy', why, 'share the directory, or copy it with vmlet cp after the start');
  }
  const [volume] = volumes;
  if (volume) {
    const why = 'saved memory may not contain parts of its file system';
    refuse(volume, 'a volume', why, 'leave out the volume, and add it after the start: vmlet share add');
  }
  const hidden = [...shares, ...tmpfs].find(({ target }) => `${target}/`.startsWith(`${DATA_PATH}/`));
  if (!hidden) return;
  const why = `the disk of the machine is mounted at ${DATA_PATH}`;
  refuse(hidden, `a mount at ${hidden.target}`, why, 'choose another path, such as /src');
}

/** @throws InvalidInputError for a copy in a guest that, as far as is known, has no agent of vmlet. */
export function requireAgentForCopies({ shares }: MountSet, machine: string, hasAgent: boolean): void {
  const copied = shares.find(({ copy }) => copy);
  if (!copied || hasAgent) return;
  const { field, source, target } = copied;
  const words = [source, `${machine}:${target}`].map(quoteForShell);
  throw new InvalidInputError(
    field,
    `machine "${machine}" may have no vmlet-agent, which the option copy requires`,
    {
      hint: `${INSTALL_AGENT} if it has none, then copy the directory: vmlet sync ${words.join(' ')}`,
    },
  );
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

function storedCopy(share: Share): StoredCopy {
  const { source, target } = findShare(share);
  return { source, target, ids: numbersOf(share) };
}

/** Returns what a machine mounts and gets copies of, named in errors by its path in the guest. */
export function mountSetOf(spec: StoredMounts): MountSet {
  return { shares: [...sharesOf(spec), ...copiesOf(spec)], volumes: volumesOf(spec), tmpfs: tmpfsOf(spec) };
}

export function sharesOf({ shares = [] }: Pick<MachineSpec, 'shares'>): Share[] {
  return shares.map((share) => ({ ...share, field: share.target, copy: false }));
}

export function copiesOf({ copies = [] }: Pick<MachineSpec, 'copies'>): Share[] {
  return copies.map((copy) => ({ ...copy, field: copy.target, readOnly: true, cache: 'auto', copy: true }));
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
