import fc from 'fast-check';
import type { LedLimits, LedRun } from '../../../fixtures/fuzz/c-program.ts';

/** One parser of vmlet for untrusted input, with all its checks. */
export interface FuzzTarget {
  /** Also the name of its directory in fixtures/fuzz/corpus. */
  readonly name: string;
  /** The name of its count. */
  readonly what: string;
  /** Verdicts that must occur, since a run without them would show little. */
  readonly expected: readonly string[];
  readonly arbitrary: fc.Arbitrary<unknown>;
  /** @returns the verdict on the input, such as `taken` or `refused`. @throws if it is wrong. */
  check(input: unknown): string | Promise<string>;
  /** An input in the form of a corpus file, and back. */
  encode(input: unknown): Buffer;
  decode(file: Buffer): unknown;
  /** Prepares resources that are slow to create; the returned function releases them. */
  readonly prepare?: () => Promise<() => Promise<void>>;
  /** Lets libFuzzer look for more, if this host has it; otherwise undefined. */
  readonly led?: (corpus: string, limits: LedLimits) => Promise<LedRun | undefined>;
}

type Given<Input> = Pick<FuzzTarget, 'name' | 'what' | 'expected' | 'prepare' | 'led'> & {
  readonly arbitrary: fc.Arbitrary<Input>;
  check(input: Input): string | Promise<string>;
};

export function bytesTarget(given: Given<Buffer>): FuzzTarget {
  return {
    ...given,
    check: async (input) => given.check(input as Buffer),
    encode: (input) => input as Buffer,
    decode: (file) => file,
  };
}

/** For text, and for JSON values. */
export function jsonTarget<Input>(given: Given<Input>): FuzzTarget {
  return {
    ...given,
    check: async (input) => given.check(input as Input),
    encode: (input) => Buffer.from(`${JSON.stringify(input)}\n`),
    decode: (file) => JSON.parse(file.toString('utf8')) as unknown,
  };
}

/** @throws Error if two values that must be equal are not. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [fc.stringify(found), fc.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one.slice(0, 500)} in place of ${other.slice(0, 500)}`);
}

export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
