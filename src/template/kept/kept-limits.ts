import { InvalidInputError } from '../../errors/index.ts';
import { parseDiskSize } from '../../images/qemu-img/disk-size.ts';

const GiB = 1024 ** 3;
const MOST_BYTES = 20 * GiB;
const SHARE_OF_DISK = 0.1;
const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_DAYS = 7;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Space for all kept guests in bytes; 0 keeps none. `VMLET_KEPT_SIZE` sets it; by default a tenth of the file system,
 * at most 20 GiB.
 * @throws InvalidInputError
 */
export function keptBytes(environment: Environment, fileSystemBytes: number): number {
  const text = environment['VMLET_KEPT_SIZE'];
  if (text === undefined || text === '') return Math.min(MOST_BYTES, fileSystemBytes * SHARE_OF_DISK);
  return text === '0' ? 0 : parseDiskSize(text, 'VMLET_KEPT_SIZE');
}

/** Age in milliseconds from which a kept guest is no longer used. `VMLET_KEPT_DAYS` sets it; 7 days by default. */
export function keptAgeMs(environment: Environment): number {
  const text = environment['VMLET_KEPT_DAYS'];
  if (text === undefined || text === '') return DEFAULT_DAYS * DAY_MS;
  const days = Number(text);
  if (Number.isFinite(days) && days >= 0) return days * DAY_MS;
  throw new InvalidInputError(
    'VMLET_KEPT_DAYS',
    `invalid value ${JSON.stringify(text)}: expected a number of days, 0 or more, such as 7`,
  );
}

/** The guests to remove so that the others fit, least recently used first. */
export function overBudget<Guest extends { readonly hostBytes: number; readonly usedAtMs: number }>(
  guests: readonly Guest[],
  bytes: number,
): Guest[] {
  let free = bytes;
  return [...guests]
    .sort((one, other) => other.usedAtMs - one.usedAtMs)
    .filter(({ hostBytes }) => {
      free -= hostBytes;
      return free < 0;
    });
}
