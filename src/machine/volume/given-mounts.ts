import { parseMountText, parseVolumeText } from '../mount/volume-grammar.ts';
import { type VolumeSpec, type VolumeType, typeOf } from '../mount/volume-spec.ts';
import type { Locations } from '../paths/locations.ts';
import { checkVolumeName, parseVolumeSize } from './named-volume.ts';
import { type Volume, findVolume } from './volume.ts';

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
    const existing =
      type === 'volume' ? findVolume(locations, checkVolumeName(spec.source ?? '', field)) : undefined;
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

/** Whether it gives a size that its volume, which exists, does not have. @throws InvalidInputError for an invalid size. */
export function hasUnusedSize({ field, spec: { size }, existing }: GivenMount): boolean {
  return size !== undefined && existing !== undefined && parseVolumeSize(size, field) !== existing.sizeBytes;
}
