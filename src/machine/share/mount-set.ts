import { InvalidInputError } from '../../errors/index.ts';
import { targetOf } from '../mount/mounting.ts';
import { type NamedVolume, type Tmpfs, namedVolumeOf, tmpfsOf } from '../volume/named-volume.ts';
import { type Share, shareOf } from './share.ts';
import { GRAMMAR, parseMountText, parseVolumeText } from '../mount/volume-grammar.ts';
import { type VolumeInput, type VolumeSpec, typeOf, volumeSchema } from '../mount/volume-spec.ts';

/** Everything that a machine mounts besides its own disks. */
export interface MountSet {
  readonly shares: readonly Share[];
  readonly volumes: readonly NamedVolume[];
  readonly tmpfs: readonly Tmpfs[];
}

/** Each directory and volume has a device with a place on the guest's board. */
export const MOST_DEVICES = 8;

export interface MountInputs {
  readonly volumes?: readonly VolumeInput[];
  /** In the grammar of `--mount`. */
  readonly mounts?: readonly string[];
  /** Relative sources start here. */
  readonly directory: string;
}

/**
 * Parses the user's input.
 * @throws InvalidInputError for an invalid volume, and for two with the same target.
 */
export function parseMounts({ volumes = [], mounts = [], directory }: MountInputs): MountSet {
  const inputs = [
    ...volumes.map((volume, index) => {
      const field = `volumes[${index}]`;
      return { field, spec: typeof volume === 'string' ? parseVolumeText(volume, field) : volume };
    }),
    ...mounts.map((mount, index) => {
      const field = `mounts[${index}]`;
      return { field, spec: parseMountText(mount, field) };
    }),
  ];
  const set = joinMounts(inputs.map(({ field, spec }) => mountOf(spec, field, directory)));
  checkTogether(set);
  return set;
}

/**
 * Parses one mount, in the grammar of `-v`, or in that of `--mount`, which begins with `type=`.
 * @throws InvalidInputError
 */
export function parseMount(input: VolumeInput, field: string, directory: string): MountSet {
  if (typeof input !== 'string') return mountOf(input, field, directory);
  // No volume has such a name, and a directory is written ./type=….
  const parse = input.startsWith('type=') ? parseMountText : parseVolumeText;
  return mountOf(parse(input, field), field, directory);
}

export function joinMounts(sets: readonly MountSet[]): MountSet {
  return {
    shares: sets.flatMap(({ shares }) => shares),
    volumes: sets.flatMap(({ volumes }) => volumes),
    tmpfs: sets.flatMap(({ tmpfs }) => tmpfs),
  };
}

function mountOf(spec: VolumeSpec, field: string, directory: string): MountSet {
  const none: MountSet = { shares: [], volumes: [], tmpfs: [] };
  const volume = validate(spec, field);
  const mounting = { field, target: targetOf(volume.target, field), readOnly: volume.readOnly ?? false };
  switch (typeOf(volume)) {
    case 'bind':
      return { ...none, shares: [shareOf(volume, mounting, directory)] };
    case 'volume':
      return { ...none, volumes: [namedVolumeOf(volume, mounting)] };
    case 'tmpfs':
      return { ...none, tmpfs: [tmpfsOf(volume, mounting)] };
  }
}

/** Only an object can be invalid here: the grammars refuse such texts in words of their own. */
function validate(volume: VolumeSpec, field: string): VolumeSpec {
  const parsed = volumeSchema.safeParse(volume);
  if (parsed.success && (parsed.data.source !== undefined || parsed.data.type === 'tmpfs'))
    return parsed.data;
  throw new InvalidInputError(field, `invalid volume ${JSON.stringify(volume)}`, {
    hint: `expected { type?, source, target, … }, or the text ${GRAMMAR}`,
    cause: parsed.error,
  });
}

/** @throws InvalidInputError for too many devices, and for two mounts with the same target. */
export function checkTogether({ shares, volumes, tmpfs }: MountSet): void {
  // Copies have no devices.
  const count = shares.filter(({ copy }) => !copy).length + volumes.length;
  if (count > MOST_DEVICES) {
    throw new InvalidInputError(
      'volumes',
      `too many shared directories and volumes: ${count} (limit: ${MOST_DEVICES})`,
      { hint: 'share one parent directory instead of several directories, or leave out volumes' },
    );
  }
  requireUnique(
    [...shares, ...volumes, ...tmpfs],
    ({ target }) => target,
    'two mounts have the same path in the guest',
  );
  requireUnique(volumes, ({ name }) => name, 'the same volume is mounted twice');
}

function requireUnique<Mount extends { readonly field: string; readonly target: string }>(
  mounts: readonly Mount[],
  keyOf: (mount: Mount) => string,
  problem: string,
): void {
  const seen = new Set<string>();
  for (const mount of mounts) {
    const key = keyOf(mount);
    if (seen.has(key)) {
      throw new InvalidInputError(mount.field, `${problem}: ${key}`, {
        hint: 'leave out one of the two mounts',
      });
    }
    seen.add(key);
  }
}
