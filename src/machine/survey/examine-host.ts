import { homedir } from 'node:os';
import type { Logger } from 'pino';
import { canRunGuests, diagnose } from '../../host/findings/diagnosis.ts';
import type { Finding } from '../../host/findings/finding.ts';
import { type FeatureTable, featuresOf } from '../../host/findings/features.ts';
import type { Survey } from '../../host/survey/host.ts';
import { type QemuIsolation, isolationsOf } from '../../host/findings/isolation.ts';
import { surveyHost } from '../../host/probe.ts';
import { findFirmware } from '../../host/firmware/find-firmware.ts';
import { type Surroundings, inspectSurroundings } from '../../host/findings/surroundings.ts';
import { FirmwareNotFoundError, InvalidInputError, UserFileError } from '../../errors/index.ts';
import { ownLocations } from '../paths/own-locations.ts';
import type { Locations } from '../paths/locations.ts';
import { keptBytes, keptDays, readKeptLimits } from '../settings/kept-limits.ts';
import { fileSystemOf } from '../../util/files/file-system.ts';

/** Options of `examineHost`. */
export interface ExamineHostOptions {
  /** Name or path of QEMU; by default qemu-system-x86_64 on the PATH. */
  readonly qemu?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Pick<Logger, 'debug' | 'warn'> | undefined;
}

/** The capabilities of a host for running guests. Plain data; `version` is that of the format. */
export interface HostReport {
  readonly version: 1;
  readonly canRunGuests: boolean;
  readonly findings: readonly Finding[];
  /** The confinement of QEMU with each available network; the default network is the first. */
  readonly isolation: readonly QemuIsolation[];
  /** The features of each program that vmlet uses, and the fallback without them. */
  readonly featureTable: FeatureTable;
  readonly survey: Survey;
  readonly surroundings: Surroundings;
}

/**
 * Examines this host without the cached results, stores new ones for launches, and reports what works; pools are not
 * known here.
 * @throws CommandFailedError for a helper that does not start, or the signal's reason.
 */
export async function examineHost(options: ExamineHostOptions = {}): Promise<HostReport> {
  const locations = ownLocations();
  const survey = await surveyHost({ ...options, cacheDirectory: locations.cache, refresh: true });
  const surroundings = inspectSurroundings({
    runtimeDirectory: locations.runtime,
    usualRuntimeDirectory: locations.usualRuntime,
    dataDirectory: locations.images,
    cacheDirectory: locations.cache,
    keptGuests: await examineKeptLimits(locations),
    uefi: await examineFirmware(),
  });
  const findings = diagnose(survey, surroundings);
  return {
    version: 1,
    canRunGuests: canRunGuests(findings),
    findings,
    isolation: isolationsOf(survey),
    featureTable: featuresOf(survey, surroundings),
    survey,
    surroundings,
  };
}

async function examineFirmware(): Promise<Surroundings['uefi']> {
  try {
    const { code } = await findFirmware('uefi', process.env, homedir());
    return { path: code.path };
  } catch (error) {
    if (!(error instanceof FirmwareNotFoundError)) throw error;
    return { problem: error.message };
  }
}

async function examineKeptLimits(locations: Locations): Promise<Surroundings['keptGuests']> {
  try {
    const limits = await readKeptLimits(locations);
    return {
      bytes: keptBytes(limits, fileSystemOf(locations.cache).bytes),
      bytesFrom: limits.bytes?.source,
      days: keptDays(limits),
      daysFrom: limits.days?.source,
    };
  } catch (error) {
    if (!(error instanceof InvalidInputError || error instanceof UserFileError)) throw error;
    return { problem: error.message, remedy: error.hint ?? 'correct this setting' };
  }
}
