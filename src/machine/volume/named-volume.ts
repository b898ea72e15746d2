import { InvalidInputError } from '../../errors/index.ts';
import { parseWholeSize } from '../../images/qemu-img/disk-size.ts';
import { type Mounting, refuseOptions } from '../mount/mounting.ts';
import type { VolumeSpec } from '../mount/volume-spec.ts';

/** A volume at a path of the guest. */
export interface NamedVolume extends Mounting {
  readonly name: string;
  /** Its size, if it is created. */
  readonly sizeBytes: number;
  /** Owner of its root directory, if it is created. */
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** A file system in the guest's memory. */
export interface Tmpfs extends Mounting {
  /** In the grammar of mount(8). */
  readonly options: string;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** Volumes take only the space that was written. */
export const DEFAULT_VOLUME_BYTES = 10 * 1024 ** 3;
/** ext4 with a journal. */
const LEAST_BYTES = 8 * 1024 ** 2;
const DEFAULT_MODE = 0o1777;

/** @throws InvalidInputError */
export function checkVolumeName(name: string, field = 'name'): string {
  if (NAME.test(name)) return name;
  const grammar =
    'expected at most 64 letters, digits, "_", "." and "-"; the first must be a letter or digit';
  throw new InvalidInputError(field, `invalid volume name ${JSON.stringify(name)}`, {
    hint:
      field === 'name' ? grammar : `${grammar}; to share a directory, give a path with a slash, as in ./data`,
  });
}

/** @throws InvalidInputError */
export function parseVolumeSize(size: number | string, field: string): number {
  const bytes = parseWholeSize(size, field);
  if (bytes >= LEAST_BYTES) return bytes;
  throw new InvalidInputError(field, `${size} is too small for a volume`, { hint: 'give at least 8M' });
}

/** @throws InvalidInputError */
export function namedVolumeOf(volume: VolumeSpec, mounting: Mounting): NamedVolume {
  const { source = '', size = DEFAULT_VOLUME_BYTES } = volume;
  const { field } = mounting;
  refuseOptions(volume, ['cache', 'ids', 'copy', 'mode'], field, 'a volume');
  const name = checkVolumeName(source, field);
  return {
    ...mounting,
    name,
    sizeBytes: parseVolumeSize(size, field),
    owner: numbersOf(volume, field, 'a volume'),
  };
}

/** @throws InvalidInputError */
export function tmpfsOf(volume: VolumeSpec, mounting: Mounting): Tmpfs {
  const { size, mode = DEFAULT_MODE } = volume;
  const { field } = mounting;
  refuseOptions(volume, ['source', 'cache', 'ids', 'copy'], field, 'tmpfs');
  const { uid, gid } = numbersOf(volume, field, 'tmpfs');
  const options = [
    `mode=${mode.toString(8)}`,
    `uid=${uid}`,
    `gid=${gid}`,
    ...(size === undefined ? [] : [`size=${parseWholeSize(size, field)}`]),
  ];
  return { ...mounting, options: options.join(',') };
}

/** Both are made before a guest can be asked for the number of a name. @throws InvalidInputError */
function numbersOf({ uid = 0, gid = uid }: VolumeSpec, field: string, kind: string): NamedVolume['owner'] {
  if (typeof uid === 'number' && typeof gid === 'number') return { uid, gid };
  throw new InvalidInputError(field, `uid and gid of ${kind} must be numbers`, {
    hint: 'give the numbers that the user has in the guest: uid=N,gid=N',
  });
}
