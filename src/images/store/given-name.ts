import { InvalidInputError } from '../../errors/index.ts';
import { HOST, MICRO, parseImageReference } from '../record/reference.ts';
import { isDigestBeginning } from './store.ts';

/**
 * Checks a name that the user gives to an image.
 * @throws InvalidInputError for an invalid, reserved or ambiguous name.
 */
export function checkGivenName(name: string, field = 'name'): void {
  if (name === '') {
    throw new InvalidInputError(field, 'a name is required', {
      hint: 'give a name such as web or web:2',
    });
  }
  parseImageReference(name, field);
  if (name === MICRO || name === HOST) {
    throw new InvalidInputError(field, `${name} is reserved for vmlet's own use`, {
      hint: 'choose another name',
    });
  }
  if (isDigestBeginning(name)) {
    throw new InvalidInputError(field, `${name} looks like the digest of an image`, {
      hint: 'choose a name that is not a hexadecimal number, such as web',
    });
  }
}
