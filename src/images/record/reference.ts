import { InvalidInputError } from '../../errors/index.ts';

/** The reserved name of vmlet's own image. */
export const MICRO = 'micro';
/** The reserved name of the host's own system, which is no image. */
export const HOST = 'host';

/** The name of an image: `debian:13`, or `web` without a tag. */
export interface ImageReference {
  readonly name: string;
  readonly tag: string | undefined;
}

const REFERENCE = /^([a-z0-9][a-z0-9._-]{0,63})(?::([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?$/;

/** True for a valid reference. Text with a slash is a path. */
export function isImageReference(text: string): boolean {
  return REFERENCE.test(text);
}

/**
 * Parses the name of an image.
 * @param field names the input in errors.
 * @throws InvalidInputError
 */
export function parseImageReference(text: string, field = 'image'): ImageReference {
  const match = REFERENCE.exec(text);
  const name = match?.[1];
  if (name !== undefined) return { name, tag: match?.[2] };
  throw new InvalidInputError(field, `invalid image name ${JSON.stringify(text)}`, {
    hint: text.includes('/')
      ? 'an image name has no slash: give a name such as web or debian:13, not a path or a registry address'
      : 'use at most 64 lower-case letters, digits, ".", "_" and "-"; the first must be a letter or digit; a tag may follow after a colon, as in debian:13',
  });
}

export function formatImageReference({ name, tag }: ImageReference): string {
  return tag === undefined ? name : `${name}:${tag}`;
}
