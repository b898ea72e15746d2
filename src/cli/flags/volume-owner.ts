/** Flags of shared directories, and the user of the command. */
export interface VolumeFlags {
  readonly volume?: readonly string[];
  readonly mount?: readonly string[];
  readonly user?: string;
}

/**
 * Gives the files of shared directories to the user of the command, where it is given by its number: only the guest
 * knows names.
 */
export function ownedByUser<Flags extends VolumeFlags>(flags: Flags): Flags {
  const [, uid, gid] = /^(\d+)(?::(\d+))?$/.exec(flags.user ?? '') ?? [];
  if (uid === undefined) return flags;
  const owner = `uid=${uid}${gid === undefined ? '' : `,gid=${gid}`}`;
  return {
    ...flags,
    ...(flags.volume && { volume: flags.volume.map((text) => volumeOf(text, owner)) }),
    ...(flags.mount && { mount: flags.mount.map((text) => (hasOwner(text) ? text : `${text},${owner}`)) }),
  };
}

function volumeOf(text: string, owner: string): string {
  const [source = '', target = '', options, ...rest] = text.split(':');
  if (rest.length > 0 || hasOwner(options ?? '')) return text;
  const all = options === undefined || options === '' ? owner : `${options},${owner}`;
  return `${source}:${target}:${all}`;
}

function hasOwner(options: string): boolean {
  return /(?:^|,)(?:uid|gid|ids)=/.test(options);
}
