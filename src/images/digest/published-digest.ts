import { InvalidInputError } from '../../errors/index.ts';
import { type ExpectedDigest, parseDigest } from './digest.ts';

/**
 * Parses a published digest as users write it: `sha256:…` or `sha512:…`, or only the 64 or 128 digits.
 * @throws InvalidInputError
 */
export function parsePublishedDigest(text: string): ExpectedDigest {
  const [, named, hex = ''] = /^(?:([a-z0-9]+):)?(.*)$/is.exec(text.trim()) ?? [];
  const algorithm = named?.toLowerCase() ?? (hex.length === 128 ? 'sha512' : 'sha256');
  if (algorithm === 'sha256' || algorithm === 'sha512') return parseDigest({ algorithm, hex });
  throw new InvalidInputError('digest', `unknown algorithm ${JSON.stringify(algorithm)}`, {
    hint: 'use the sha256:… or sha512:… digest that the publisher states',
  });
}

export function formatPublishedDigest({ algorithm, hex }: ExpectedDigest): string {
  return `${algorithm}:${hex}`;
}
