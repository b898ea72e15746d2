import { InvalidInputError } from '../../errors/index.ts';

/** The name of vmlet's own image, which no other may have. */
export const MICRO = 'micro';

/** An image as a user names it: `debian:13`, or `web` without a tag. */
export interface ImageReference {
  readonly name: string;
  readonly tag: string | undefined;
}

const REFERENCE = /^([a-z0-9][a-z0-9._-]{0,63})(?::([A-Za-z0-9][A-Za-z0-9._-]{0,63}))?$/;

/** False for what has a slash, which is a path, and for all else that is no reference. */
export function isImageReference(text: string): boolean {
  return REFERENCE.test(text);
}

/**
 * @param field what the user wrote it in, for the error.
 * @throws InvalidInputError
 */
export function parseImageReference(text: string, field = 'image'): ImageReference {
  const match = REFERENCE.exec(text);
  const name = match?.[1];
  if (name !== undefined) return { name, tag: match?.[2] };
  throw new InvalidInputError(field, `${JSON.stringify(text)} is not the name of an image`, {
    hint: text.includes('/')
      ? 'what has a slash is a path, and there is no such file'
      : 'a name is written as in debian:13: lower-case letters, digits and . _ -, then perhaps a colon and a tag; 64 of each at most',
  });
}

export function formatImageReference({ name, tag }: ImageReference): string {
  return tag === undefined ? name : `${name}:${tag}`;
}
