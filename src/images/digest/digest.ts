import { InvalidInputError } from '../../errors/index.ts';

/** The published digest of a file. */
export interface ExpectedDigest {
  readonly algorithm: 'sha256' | 'sha512';
  /** Hexadecimal, in either case. */
  readonly hex: string;
}

const LENGTHS = { sha256: 64, sha512: 128 } as const;

/** Checks a digest, and returns it in lower case. @throws InvalidInputError for an invalid digest. */
export function parseDigest({ algorithm, hex }: ExpectedDigest): ExpectedDigest {
  const length = LENGTHS[algorithm];
  if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(hex)) {
    const problem = `invalid ${algorithm} digest ${JSON.stringify(hex.slice(0, 200))}: expected ${length} hexadecimal digits`;
    throw new InvalidInputError('digest', problem);
  }
  return { algorithm, hex: hex.toLowerCase() };
}
