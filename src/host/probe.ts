import type { Logger } from 'pino';
import { BrokenQemuError, MissingProgramError, VmletError, isSystemError } from '../errors/index.ts';
import { confineProgram } from '../process/native/confine-program.ts';
import { findProgram } from '../process/program.ts';
import { type HostPrograms, readCachedSurvey, surveyKey, writeCachedSurvey } from './cache.ts';
import type { Host, Survey } from './survey/host.ts';
import { requirePlatform } from './require-platform.ts';

export interface ProbeOptions {
  /** QEMU's name or path; qemu-system-x86_64 on the PATH by default. */
  readonly qemu?: string | undefined;
  /** Where the answers are kept, in host.json. */
  readonly cacheDirectory: string;
  /** Ask again even where the answers are known. */
  readonly refresh?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Pick<Logger, 'debug' | 'warn'> | undefined;
}

const DEFAULT_QEMU = 'qemu-system-x86_64';

/**
 * What this host has for running guests. Known answers cost a millisecond or two; asking costs some tenths of a
 * second, once for each boot, kernel and set of programs.
 * @throws MissingProgramError without QEMU, BrokenQemuError, or the signal's reason.
 */
export async function probeHost(options: ProbeOptions): Promise<Host> {
  const { qemu, ...survey } = await surveyHost(options);
  if (!qemu) {
    const name = options.qemu ?? DEFAULT_QEMU;
    if (survey.qemuProblem !== undefined) throw new BrokenQemuError(name, survey.qemuProblem);
    throw new MissingProgramError(name, {
      hint: 'install it (Debian: apt install qemu-system-x86, Fedora: dnf install qemu-system-x86-core)',
    });
  }
  return { ...survey, qemu };
}

/** Like `probeHost`, for a host that may lack anything. @throws UnsupportedHostError */
export async function surveyHost(options: ProbeOptions): Promise<Survey> {
  requirePlatform();
  options.signal?.throwIfAborted();
  const programs: HostPrograms = {
    qemu: findProgram(options.qemu ?? DEFAULT_QEMU),
    qemuImg: findProgram('qemu-img'),
    passt: findProgram('passt'),
    confine: confineProgram(),
  };
  const key = surveyKey(programs);
  const known = options.refresh ? undefined : readCachedSurvey(options.cacheDirectory, key);
  if (known) return known;
  // Loaded only when needed: a launch with known answers does not pay for it.
  const { takeSurvey } = await import('./survey.ts');
  const survey = await takeSurvey(programs, options.signal);
  options.log?.debug({ survey }, 'probed the host');
  // What is wrong with it may be mended elsewhere, as by installing a library.
  if (survey.qemuProblem !== undefined) return survey;
  try {
    writeCachedSurvey(options.cacheDirectory, key, survey);
  } catch (error) {
    if (!isSystemError(error) && !(error instanceof VmletError)) throw error;
    options.log?.warn({ err: error }, 'the answers about this host cannot be kept; each start asks again');
  }
  return survey;
}
