import { posix } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import type { VolumeSpec } from './volume-spec.ts';

/** Properties of everything that is mounted in the guest. */
export interface Mounting {
  /** The option in errors, as in `volumes[0]`. */
  readonly field: string;
  /** Absolute and normal. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** The guest's own file systems. */
const GUESTS_OWN = ['/', '/dev', '/proc', '/sys'];

/** @throws InvalidInputError */
export function targetOf(text: string, field: string): string {
  if (!text.startsWith('/') || text.includes('\0')) {
    throw new InvalidInputError(field, `not an absolute path in the guest: ${JSON.stringify(text)}`, {
      hint: 'write a path that begins with a slash, such as /src',
    });
  }
  const target = posix.resolve(text);
  if (GUESTS_OWN.includes(target)) {
    throw new InvalidInputError(field, `nothing can be mounted at ${target} in the guest`, {
      hint: 'choose another path, such as /src',
    });
  }
  return target;
}

/** @throws InvalidInputError for options that do not apply. */
export function refuseOptions(
  volume: VolumeSpec,
  options: readonly (keyof VolumeSpec)[],
  field: string,
  kind: string,
): void {
  const given = options.find((option) => volume[option] !== undefined);
  if (given === undefined) return;
  throw new InvalidInputError(field, `option ${given} does not apply to ${kind}`, {
    hint: `leave out ${given}`,
  });
}
