import { InvalidInputError } from '../../errors/index.ts';

/** Each is 1024 times the one before it. */
const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];
/** Digits, a fraction, and a unit with an optional "iB" or "B", also after a space, as in podman. */
const GRAMMAR = /^(?<whole>\d+)(?:\.(?<fraction>\d+))?(?: ?(?:(?<unit>[KMGTP])(?:i?B)?|B))?$/i;
const HINT = 'give a number of bytes, or use K, M, G or T (powers of 1024), such as 512M, 2G, 1.5G or 1T';
/** Disks consist of whole sectors. qemu-img rounds up silently, so other sizes are rejected here. */
const SECTOR = 512n;
/** Smaller numbers were probably meant with a unit. */
const LEAST_LIKELY = 100_000n;

/** True when the text has the syntax of a size rather than of a path. */
export function isDiskSize(text: string): boolean {
  return GRAMMAR.test(text);
}

/**
 * Parses a size such as `2G`, `512M`, `1T`, `1.5G`, `1048576`, `2GiB` or `2 GB` into bytes. Units are powers of 1024, in
 * upper or lower case.
 * @param field names the size in errors, as in "disk".
 * @throws InvalidInputError for anything else, for 0, for parts of a sector of 512 bytes and for more than 2^53 bytes.
 */
export function parseDiskSize(text: string, field: string): number {
  const groups: Partial<Record<string, string>> = GRAMMAR.exec(text)?.groups ?? {};
  const { whole, fraction = '', unit = 'B' } = groups;
  if (whole === undefined) {
    throw new InvalidInputError(field, `invalid size ${JSON.stringify(text)}`, { hint: HINT });
  }
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * 1024n ** BigInt(UNITS.indexOf(unit.toUpperCase()));
  if (scaled % scale !== 0n) {
    throw new InvalidInputError(field, `${text} is not a whole number of bytes`, { hint: HINT });
  }
  const bytes = scaled / scale;
  if (bytes === 0n) throw new InvalidInputError(field, 'size must be greater than 0', { hint: HINT });
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidInputError(field, `${text} is too large`, { hint: 'give a size of less than 8P' });
  }
  if (bytes % SECTOR !== 0n) {
    if (/^\d+$/.test(text) && bytes < LEAST_LIKELY) {
      throw new InvalidInputError(field, `${text} means ${text} bytes; did you mean ${text}M or ${text}G?`, {
        hint: 'add a unit, as in 512M or 2G; a number without a unit is in bytes',
      });
    }
    throw new InvalidInputError(field, `${text} is not a multiple of 512 bytes`, {
      hint: 'give a multiple of 512, such as 1024, 512M or 2G',
    });
  }
  return Number(bytes);
}

/** Like `parseDiskSize`, but also accepts a number of bytes. */
export function parseWholeSize(size: number | string, field: string): number {
  return parseDiskSize(String(size), field);
}
