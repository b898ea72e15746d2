import type { Logger } from 'pino';
import { BrokenQemuError, MissingProgramError, VmletError, isSystemError } from '../errors/index.ts';
import { confineProgram } from '../process/native/confine-program.ts';
import { findProgram } from '../process/program.ts';
import { SharedWork } from '../util/time/shared-work.ts';
import { type HostPrograms, readCachedSurvey, surveyKey, writeCachedSurvey } from './cache.ts';
import type { Host, Survey } from './survey/host.ts';
import { findVirtiofsd } from './programs/helpers.ts';
import { requirePlatform } from './require-platform.ts';

export interface ProbeOptions {
  /** QEMU's name or path; by default qemu-system-x86_64 from the PATH. */
  readonly qemu?: string | undefined;
  /** Directory of the cached answers, host.json. */
  readonly cacheDirectory: string;
  /** Probe again, even with cached answers. */
  readonly refresh?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Pick<Logger, 'debug' | 'warn'> | undefined;
}

const DEFAULT_QEMU = 'qemu-system-x86_64';

/**
 * Returns this host's abilities for running guests. Cached answers take a millisecond or two, probing some tenths of a
 * second, once for each boot, kernel and set of programs; concurrent calls share one probe.
 * @throws MissingProgramError without QEMU, BrokenQemuError, or the signal's reason.
 */
export async function probeHost(options: ProbeOptions): Promise<Host> {
  const { qemu, ...survey } = await surveyHost(options);
  if (!qemu) {
    const name = options.qemu ?? DEFAULT_QEMU;
    if (survey.qemuProblem !== undefined) throw new BrokenQemuError(name, survey.qemuProblem);
    throw new MissingProgramError(name, {
      hint: 'on Debian or Ubuntu, run: sudo apt-get install qemu-system-x86; on Fedora: sudo dnf install qemu-system-x86-core',
    });
  }
  return { ...survey, qemu };
}

/** Like `probeHost`, but also for a host that lacks QEMU. @throws UnsupportedHostError */
export async function surveyHost(options: ProbeOptions): Promise<Survey> {
  requirePlatform();
  options.signal?.throwIfAborted();
  const programs: HostPrograms = {
    qemu: findProgram(options.qemu ?? DEFAULT_QEMU),
    qemuImg: findProgram('qemu-img'),
    passt: findProgram('passt'),
    virtiofsd: findVirtiofsd(),
    confine: confineProgram(),
  };
  const key = surveyKey(programs);
  const known = options.refresh ? undefined : readCachedSurvey(options.cacheDirectory, key);
  if (known) return known;
  const probe = async (signal: AbortSignal | undefined): Promise<Survey> =>
    probeAndCache({ ...options, signal }, programs, key);
  if (options.refresh === true) return probe(options.signal);
  // Else a hundred first launches at once would start a hundred QEMUs that are slow to prove KVM beside each other.
  return probes.join(`${options.cacheDirectory} ${key}`, probe, options.signal);
}

const probes = new SharedWork<Survey>();

/** Not cached: the problem may be fixed without a change to the program, for example by installing a library. */
function cannotRun({ qemuProblem, qemuImg, passt }: Survey): boolean {
  const passtCannot = passt?.problem !== undefined && !passt.hasFd;
  return qemuProblem !== undefined || qemuImg?.problem !== undefined || passtCannot;
}

async function probeAndCache(options: ProbeOptions, programs: HostPrograms, key: string): Promise<Survey> {
  // Loaded on demand: a launch with cached answers does not pay for it.
  const { takeSurvey } = await import('./take-survey.ts');
  const survey = await takeSurvey(programs, options.signal);
  options.log?.debug({ survey }, 'probed the host');
  if (cannotRun(survey)) return survey;
  try {
    writeCachedSurvey(options.cacheDirectory, key, survey);
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof VmletError)) throw error;
    options.log?.warn(
      { err: error },
      'cannot cache the features of this host; vmlet will examine the host again at each start',
    );
  }
  return survey;
}
