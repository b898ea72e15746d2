import { InvalidInputError } from '../../errors/index.ts';
import { type JsonObject, stringifyLossless } from '../wire/lossless-json.ts';
import { isWellFormed } from '../../util/options/well-formed.ts';

/**
 * Returns the text of a request up to its ID.
 * @throws InvalidInputError for a name or arguments that JSON cannot represent.
 */
export function requestHead(verb: 'execute' | 'exec-oob', name: string, args: unknown): string {
  if (typeof name !== 'string' || !isWellFormed(name) || name === '') {
    throw new InvalidInputError('command', `invalid command name ${JSON.stringify(name)}`);
  }
  const text = args === undefined ? '' : stringifyLossless(args as JsonObject, name);
  return `{"${verb}":${JSON.stringify(name)}${text.length > 2 ? `,"arguments":${text}` : ''}`;
}
