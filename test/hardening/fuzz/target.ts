import fc from 'fast-check';
import type { LedLimits, LedRun } from '../../../fixtures/fuzz/c-program.ts';

/** One piece of vmlet that reads what others wrote, with all that is asked of it. */
export interface FuzzTarget {
  /** Also that of its folder in fixtures/fuzz-corpus. */
  readonly name: string;
  /** For the table in docs/security-counts.md. */
  readonly what: string;
  /** Verdicts that must come up, since a run without them would show little. */
  readonly expected: readonly string[];
  readonly arbitrary: fc.Arbitrary<unknown>;
  /** @returns what became of the input, such as `taken` or `refused`. @throws where it should not have. */
  check(input: unknown): string | Promise<string>;
  /** An input as it is kept in a file of the corpus, and back. */
  encode(input: unknown): Buffer;
  decode(file: Buffer): unknown;
  /** What checks need that is slow to make; undone by the function that comes back. */
  readonly prepare?: () => Promise<() => Promise<void>>;
  /** Has libFuzzer look for more, where this host has it; undefined where it has not. */
  readonly led?: (corpus: string, limits: LedLimits) => LedRun | undefined;
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

/** For text, and for values of JSON. */
export function jsonTarget<Input>(given: Given<Input>): FuzzTarget {
  return {
    ...given,
    check: async (input) => given.check(input as Input),
    encode: (input) => Buffer.from(`${JSON.stringify(input)}\n`),
    decode: (file) => JSON.parse(file.toString('utf8')) as unknown,
  };
}

/** @throws Error where two things that have to be the same are not. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [one, other] = [fc.stringify(found), fc.stringify(expected)];
  if (one !== other) throw new Error(`${what}: ${one.slice(0, 500)} in place of ${other.slice(0, 500)}`);
}

export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}
