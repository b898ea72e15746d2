import { InvalidInputError } from '../../errors/index.ts';
import { type ExpectedDigest, parseDigest } from './digest.ts';

/**
 * What a publisher says of a file, as a user passes it on: `sha256:…` or `sha512:…`, or the digits alone, of which
 * there are 64 or 128.
 * @throws InvalidInputError
 */
export function parsePublishedDigest(text: string): ExpectedDigest {
  const [, named, hex = ''] = /^(?:([a-z0-9]+):)?(.*)$/is.exec(text.trim()) ?? [];
  const algorithm = named?.toLowerCase() ?? (hex.length === 128 ? 'sha512' : 'sha256');
  if (algorithm === 'sha256' || algorithm === 'sha512') return parseDigest({ algorithm, hex });
  throw new InvalidInputError('digest', `${JSON.stringify(algorithm)} is no digest that is known here`, {
    hint: 'expected sha256:… or sha512:…, as the publisher of the file says',
  });
}

export function formatPublishedDigest({ algorithm, hex }: ExpectedDigest): string {
  return `${algorithm}:${hex}`;
}
