import { InvalidInputError } from '../../errors/index.ts';
import type { Locations } from '../paths/locations.ts';
import { LEAST_KEPT_BYTES } from '../../util/files/file-system.ts';
import { configFile, readConfigFile } from './config-file.ts';
import type { Config } from './config-schema.ts';
import { parseKeptSize } from './kept-size.ts';

const GiB = 1024 ** 3;
const MOST_BYTES = 20 * GiB;
const SHARE_OF_DISK = 0.1;
const DEFAULT_DAYS = 7;
const DAY_MS = 24 * 3600 * 1000;

type Environment = Readonly<Record<string, string | undefined>>;

/** A limit that the user has set. */
interface Setting {
  readonly value: number;
  /** The environment variable, or the key and its file. */
  readonly source: string;
}

/** The user's limits for kept guests; undefined where the default applies. */
export interface KeptLimits {
  /** Space for all of them in bytes; 0 keeps none. */
  readonly bytes: Setting | undefined;
  /** Age since the boot. */
  readonly days: Setting | undefined;
}

/**
 * Reads the limits for kept guests: `VMLET_KEPT_SIZE` and `VMLET_KEPT_DAYS`, otherwise `kept` of the configuration file.
 * @throws InvalidInputError, ConfigFileError
 */
export async function readKeptLimits(
  locations: Pick<Locations, 'config'>,
  environment: Environment = process.env,
): Promise<KeptLimits> {
  const path = configFile(locations);
  return keptLimits(environment, await readConfigFile(path), path);
}

/** @param path the file of `config`. @throws InvalidInputError */
export function keptLimits(environment: Environment, { kept }: Config, path: string): KeptLimits {
  const setting = (
    variable: string,
    parse: (text: string, field: string) => number,
    key: 'size' | 'days',
  ): Setting | undefined => {
    const text = environment[variable] ?? '';
    if (text !== '') return { value: parse(text, variable), source: variable };
    const value = kept?.[key];
    return value === undefined ? undefined : { value, source: `kept.${key} in ${path}` };
  };
  return {
    bytes: setting('VMLET_KEPT_SIZE', parseKeptSize, 'size'),
    days: setting('VMLET_KEPT_DAYS', parseDays, 'days'),
  };
}

/** Space for all kept guests in bytes: by default a tenth of the file system, at most 20 GiB. */
export function keptBytes({ bytes }: KeptLimits, fileSystemBytes: number): number {
  return bytes?.value ?? Math.min(MOST_BYTES, fileSystemBytes * SHARE_OF_DISK);
}

/** Age in days from which a kept guest is no longer used: 7 by default. */
export function keptDays({ days }: KeptLimits): number {
  return days?.value ?? DEFAULT_DAYS;
}

/** The same age in milliseconds. */
export function keptAgeMs(limits: KeptLimits): number {
  return keptDays(limits) * DAY_MS;
}

/** Why the limits allow no kept guest; undefined where they allow one. Each run would save its guest, and remove it at once. */
export function whyNoneKept(limits: KeptLimits, fileSystemBytes: number): string | undefined {
  const { bytes, days } = limits;
  for (const setting of [bytes, days]) if (setting?.value === 0) return `${setting.source} is 0`;
  if (keptBytes(limits, fileSystemBytes) >= LEAST_KEPT_BYTES) return undefined;
  return `${bytes?.source ?? 'a tenth of the file system'} is less than ${LEAST_KEPT_BYTES / 1024 ** 2} MiB`;
}

function parseDays(text: string, field: string): number {
  const days = Number(text);
  if (Number.isFinite(days) && days >= 0) return days;
  throw new InvalidInputError(
    field,
    `invalid value ${JSON.stringify(text)}: expected a number of days, 0 or more, such as 7`,
  );
}
