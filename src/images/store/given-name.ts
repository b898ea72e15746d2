import { InvalidInputError } from '../../errors/index.ts';
import { parseImageReference, MICRO } from '../record/reference.ts';
import { isDigestBeginning } from './store.ts';

/**
 * What a user wants to call an image of theirs.
 * @throws InvalidInputError for what is no name, or would stand for something else.
 */
export function checkGivenName(name: string, field = 'name'): void {
  if (name === '') {
    throw new InvalidInputError(field, 'the image has no name', {
      hint: 'give it one, such as web or web:2',
    });
  }
  parseImageReference(name, field);
  if (name === MICRO) {
    throw new InvalidInputError(field, `${MICRO} is the name of vmlet's own image`, {
      hint: 'choose another',
    });
  }
  if (isDigestBeginning(name)) {
    throw new InvalidInputError(field, `${name} reads like the digest of an image`, {
      hint: 'choose a name that has more than hexadecimal digits',
    });
  }
}
