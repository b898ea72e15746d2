import { parseMountText, parseVolumeText } from '../mount/volume-grammar.ts';
import { type VolumeSpec, type VolumeType, typeOf } from '../mount/volume-spec.ts';
import type { Locations } from '../paths/locations.ts';
import { parseVolumeSize } from './named-volume.ts';
import { type Volume, findVolume, rootOwner } from './volume.ts';

/** One mount of a command line, before its machine starts. */
export interface GivenMount {
  /** The option in errors, as in `volumes[0]`. */
  readonly field: string;
  /** As it was given. */
  readonly text: string;
  readonly type: VolumeType;
  readonly spec: VolumeSpec;
  /** The volume that it mounts, unless it is new. */
  readonly existing: Volume | undefined;
}

/** The texts of a command line. */
export interface MountTexts {
  readonly volume?: readonly string[] | undefined;
  readonly mount?: readonly string[] | undefined;
}

/** @throws InvalidInputError as the start of the machine would. */
export function lookAtMounts(
  { volume = [], mount = [] }: MountTexts,
  locations: Pick<Locations, 'volumes'>,
): GivenMount[] {
  const look = (field: string, text: string, spec: VolumeSpec): GivenMount => {
    const type = typeOf(spec);
    const existing = type === 'volume' ? findVolume(locations, spec.source ?? '') : undefined;
    return { field, text, type, spec, existing };
  };
  return [
    ...volume.map((text, index) => {
      const field = `volumes[${index}]`;
      return look(field, text, parseVolumeText(text, field));
    }),
    ...mount.map((text, index) => {
      const field = `mounts[${index}]`;
      return look(field, text, parseMountText(text, field));
    }),
  ];
}

/** An option that does not apply to the volume, since it exists. */
export interface UnusedOption {
  readonly volume: Volume;
  /** As in `size=1G`. */
  readonly option: string;
  /** What the volume has instead. */
  readonly actual: { readonly bytes: number } | { readonly owner: string };
}

/** @throws InvalidInputError for an invalid size. */
export function unusedOptions({ field, spec, existing: volume }: GivenMount): UnusedOption[] {
  if (!volume) return [];
  const unused: UnusedOption[] = [];
  const { size, uid, gid } = spec;
  if (size !== undefined && parseVolumeSize(size, field) !== volume.sizeBytes)
    unused.push({ volume, option: `size=${size}`, actual: { bytes: volume.sizeBytes } });
  const given = Object.entries({ uid, gid }).filter(([, id]) => id !== undefined);
  if (given.length === 0) return unused;
  const owner = rootOwner(volume);
  const others = given.filter(([key, id]) => owner[key as keyof typeof owner] !== id);
  const actual = { owner: `${owner.uid}:${owner.gid}` };
  return [...unused, ...others.map(([key, id]) => ({ volume, option: `${key}=${id ?? ''}`, actual }))];
}
