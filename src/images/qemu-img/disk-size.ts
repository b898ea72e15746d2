import { InvalidInputError } from '../../errors/index.ts';

const UNITS: Readonly<Record<string, bigint>> = {
  B: 1n,
  K: 1024n,
  M: 1024n ** 2n,
  G: 1024n ** 3n,
  T: 1024n ** 4n,
  P: 1024n ** 5n,
};
/** Digits, a fraction, and a unit with an optional "iB" or "B" after it, as podman and qemu-img people write it. */
const GRAMMAR = /^(?<whole>\d+)(?:\.(?<fraction>\d+))?(?:(?<unit>[KMGTP])(?:i?B)?|B)?$/i;
const HINT = 'Write a number of bytes or one with a unit of 1024, as in 512M, 2G, 1.5G or 1T.';
/** Sectors are the unit of every disk; qemu-img rounds up to them on its own, which nobody then knows. */
const SECTOR = 512n;

/** True for what looks like a size and not like a path: it begins with a digit and holds nothing a size cannot. */
export function isDiskSize(text: string): boolean {
  return GRAMMAR.test(text);
}

/**
 * Bytes of `2G`, `512M`, `1T`, `1.5G`, `1048576`, `2GiB`; units are powers of 1024 in either case.
 * @param field names the size in errors, as in "disk".
 * @throws InvalidInputError for anything else, for 0, for parts of a sector of 512 bytes and for more than 2^53 bytes.
 */
export function parseDiskSize(text: string, field: string): number {
  const groups = GRAMMAR.exec(text)?.groups;
  const whole = groups?.['whole'];
  if (groups === undefined || whole === undefined) {
    throw new InvalidInputError(field, `${JSON.stringify(text)} is not a size`, { hint: HINT });
  }
  const fraction = groups['fraction'] ?? '';
  const unit = UNITS[groups['unit']?.toUpperCase() ?? 'B'] ?? 1n;
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * unit;
  if (scaled % scale !== 0n) {
    throw new InvalidInputError(field, `${text} is not a whole number of bytes`, { hint: HINT });
  }
  const bytes = scaled / scale;
  if (bytes === 0n) throw new InvalidInputError(field, 'a size of 0 is of no use', { hint: HINT });
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new InvalidInputError(field, `${text} is more than this program can count`, { hint: HINT });
  }
  if (bytes % SECTOR !== 0n) {
    throw new InvalidInputError(field, `${text} is not a multiple of 512 bytes`, { hint: HINT });
  }
  return Number(bytes);
}

/** The same, where it may be a number already. */
export function parseWholeSize(size: number | string, field: string): number {
  return parseDiskSize(String(size), field);
}

/** Bytes for people: "1.5 GiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[power] ?? ''}`;
}
