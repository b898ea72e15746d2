import { InvalidInputError } from '../../errors/index.ts';

/** What a publisher says of a file. */
export interface ExpectedDigest {
  readonly algorithm: 'sha256' | 'sha512';
  /** Hexadecimal, in either case. */
  readonly hex: string;
}

const LENGTHS = { sha256: 64, sha512: 128 } as const;

/** @throws InvalidInputError for what cannot be a digest of that algorithm. */
export function parseDigest({ algorithm, hex }: ExpectedDigest): ExpectedDigest {
  const length = LENGTHS[algorithm];
  if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(hex)) {
    const problem = `${JSON.stringify(hex.slice(0, 200))} is no ${algorithm}: that has ${length} hexadecimal digits`;
    throw new InvalidInputError('digest', problem);
  }
  return { algorithm, hex: hex.toLowerCase() };
}
