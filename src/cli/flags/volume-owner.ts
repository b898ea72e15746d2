import { type GivenMount, typeOf } from '../../public/given-mounts.ts';

/** Flags of shared directories, and the user of the command. */
export interface VolumeFlags {
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly user?: string;
  readonly detach?: true;
  readonly dryRun?: true;
}

const ID = String.raw`\d+|[a-zA-Z_][a-zA-Z0-9_.-]*\$?`;
/** By default a tmpfs lets everyone write. */
const OTHERS_WRITE = 0o002;
const USER = new RegExp(`^(${ID})(?::(${ID}))?$`);

/**
 * Gives the files of shared directories to the user of the command. Only a guest knows the numbers of names: a named
 * machine and a dry run get numbers alone, and so do volumes and tmpfs.
 */
export function ownedByUser<Flags extends VolumeFlags>(flags: Flags): Flags {
  const owned = withOwner(flags);
  return owned.hasName && (flags.detach ?? flags.dryRun) ? flags : owned.flags;
}

/**
 * Returns the writable mounts that `ownedByUser` leaves to root, since the user has a name, as they were given. An existing
 * volume has an owner already.
 */
export function leftToRoot(flags: VolumeFlags, mounts: readonly GivenMount[]): string[] {
  const isRoot = /^(?:root|0+)(?::|$)/.test(flags.user ?? '');
  if (isRoot || !withOwner(flags).hasName) return [];
  return mounts.filter((mount) => isLeft(mount, flags.detach ?? false)).map(({ text }) => text);
}

function isLeft({ type, spec, existing }: GivenMount, isDetached: boolean): boolean {
  if (spec.readOnly || [spec.uid, spec.gid, spec.ids].some((given) => given !== undefined)) return false;
  if (type === 'bind') return isDetached;
  if (type === 'volume') return existing === undefined;
  return spec.mode !== undefined && (spec.mode & OTHERS_WRITE) === 0;
}

/** Gives the directories an owner that may be a name. */
function withOwner<Flags extends VolumeFlags>(
  flags: Flags,
): { readonly hasName: boolean; readonly flags: Flags } {
  const [, uid, gid] = USER.exec(flags.user ?? '') ?? [];
  // All files are root's by default.
  if (uid === undefined || flags.user === 'root') return { hasName: false, flags };
  const isNumber = [uid, gid ?? uid].every((id) => /^\d+$/.test(id));
  const owner = `uid=${uid}${gid === undefined ? '' : `,gid=${gid}`}`;
  const owned = {
    ...flags,
    ...(flags.volume && { volume: flags.volume.map((text) => volumeOf(text, owner, isNumber)) }),
    ...(flags.mount && { mount: flags.mount.map((text) => mountOf(text, owner, isNumber)) }),
  };
  return { hasName: !isNumber, flags: owned };
}

function volumeOf(text: string, owner: string, isNumber: boolean): string {
  const [source = '', target = '', options, ...rest] = text.split(':');
  // The error of an invalid text should show it as it was typed.
  const isValid = target !== '' && rest.length === 0;
  if (!isValid || hasOwner(options ?? '') || !(isNumber || typeOf({ source }) === 'bind')) return text;
  const all = options === undefined || options === '' ? owner : `${options},${owner}`;
  return `${source}:${target}:${all}`;
}

function mountOf(text: string, owner: string, isNumber: boolean): string {
  const isDirectoryHere = !/(?:^|,)type=(?:volume|tmpfs)(?:,|$)/.test(text);
  return hasOwner(text) || !(isNumber || isDirectoryHere) ? text : `${text},${owner}`;
}

function hasOwner(options: string): boolean {
  return /(?:^|,)(?:uid|gid|ids)=/.test(options);
}
