import fc from 'fast-check';

/** Ends of ranges, and values that do not fit into the next smaller number. */
const NUMBERS = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 8n, 15n, 16n, 31n, 32n, 63n, 64n, 127n, 128n, 255n, 256n, 511n, 512n, 513n],
  ...[1023n, 1024n, 2047n, 2048n, 4095n, 4096n, 32_752n, 32_753n, 65_535n, 65_536n, 1n << 20n, 1n << 24n],
  ...[(1n << 31n) - 1n, 1n << 31n, (1n << 32n) - 1n, 1n << 32n, (1n << 53n) - 1n, (1n << 63n) - 1n],
  ...[1n << 63n, (1n << 64n) - 1n],
];

/** A position in the input, as a share, so that it applies to any length. */
const place = fc.nat(9999);
/** Mostly a few bytes. */
const length = fc.oneof({ weight: 4, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.nat(4096) });

const step = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), place, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant('number' as const),
    place,
    value: fc.constantFrom(...NUMBERS),
    bytes: fc.constantFrom(1, 2, 4, 8),
    little: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('bytes' as const), place, bytes: fc.uint8Array({ maxLength: 8 }) }),
  fc.record({ kind: fc.constant('insert' as const), place, bytes: fc.uint8Array({ maxLength: 8 }) }),
  fc.record({ kind: fc.constant('token' as const), place, index: fc.nat(999) }),
  fc.record({ kind: fc.constant('cut' as const), place }),
  fc.record({ kind: fc.constant('remove' as const), place, length }),
  fc.record({ kind: fc.constant('repeat' as const), place, length, times: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('mix' as const), place, index: fc.nat(999), from: place, length }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const NO_LONGER_THAN = 4 * 1024 * 1024;

/** Inputs changed in a few places, mixed with parts of others and words of the format. */
export function mutatedBytes(
  bases: readonly Buffer[],
  tokens: readonly (string | Buffer)[] = [],
): fc.Arbitrary<Buffer> {
  const words = tokens.map((token) => Buffer.from(token));
  return fc
    .tuple(fc.nat(bases.length - 1), fc.array(step, { maxLength: 6 }))
    .map(([base, steps]) =>
      steps.reduce<Buffer>((bytes, one) => take(bytes, one, bases, words), Buffer.from(bases[base] ?? '')),
    );
}

/** The same for text. Invalid UTF-8 becomes U+FFFD, as when a file is read. */
export function mutatedText(bases: readonly string[], tokens: readonly string[] = []): fc.Arbitrary<string> {
  return mutatedBytes(
    bases.map((base) => Buffer.from(base)),
    tokens,
  ).map((bytes) => bytes.toString('utf8'));
}

function take(bytes: Buffer, change: Step, bases: readonly Buffer[], words: readonly Buffer[]): Buffer {
  const at = Math.floor((change.place * bytes.length) / 10_000);
  switch (change.kind) {
    case 'flip':
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << change.bit);
      return bytes;
    case 'number': {
      const number = Buffer.alloc(8);
      number.writeBigUInt64LE(BigInt.asUintN(change.bytes * 8, change.value));
      const part = number.subarray(0, change.bytes);
      // Numbers are mostly aligned.
      (change.little ? part : part.reverse()).copy(bytes, at - (at % Math.min(4, change.bytes)));
      return bytes;
    }
    case 'bytes':
      bytes.set(change.bytes.subarray(0, bytes.length - at), at);
      return bytes;
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), change.bytes, bytes.subarray(at)]);
    case 'token':
      return Buffer.concat([
        bytes.subarray(0, at),
        words[change.index % words.length] ?? Buffer.from('0'),
        bytes.subarray(at),
      ] as Buffer[]);
    case 'cut':
      return bytes.subarray(0, at);
    case 'remove':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.length)]);
    case 'repeat': {
      const part = bytes.subarray(at, at + change.length);
      if (bytes.length + part.length * change.times > NO_LONGER_THAN) return bytes;
      return Buffer.concat([
        bytes.subarray(0, at),
        ...Array.from({ length: change.times }, () => part),
        bytes.subarray(at),
      ]);
    }
    case 'mix': {
      const other = bases[change.index % bases.length] ?? bytes;
      const from = Math.floor((change.from * other.length) / 10_000);
      other.copy(bytes, at, from, from + change.length);
      return bytes;
    }
  }
}
