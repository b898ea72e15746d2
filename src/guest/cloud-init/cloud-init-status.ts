import { stripVTControlCharacters } from 'node:util';
import * as z from 'zod';

/** A task of cloud-init that failed. */
export interface CloudInitProblem {
  /** Module that failed, as in `scripts_user`; undefined for failures outside a module. */
  readonly module: string | undefined;
  /** cloud-init's message, on one line. */
  readonly problem: string;
}

/** Status of cloud-init in a guest since this boot. */
export interface CloudInitStatus {
  /** `absent`: not installed. `disabled`: installed, but does not run. `waiting`: has not started. */
  readonly state: 'absent' | 'disabled' | 'waiting' | 'running' | 'done' | 'failed';
  /** Why it does not run. */
  readonly reason: string | undefined;
  /** Current stage: `init-local`, `init`, `modules-config` or `modules-final`. */
  readonly stage: string | undefined;
  /** The module that it started last, while it runs. */
  readonly module: string | undefined;
  /** Failures in the state `failed`. */
  readonly problems: readonly CloudInitProblem[];
  /** Warnings without a failure. */
  readonly warnings: readonly string[];
  /** Last output of the programs that it ran, at most 10 lines, oldest first. */
  readonly output: readonly string[];
}

/** Contents of the guest's files; empty for missing ones. See cloud-init-probe.ts. */
export interface CloudInitFindings {
  readonly installed: boolean;
  /** Why it is disabled, if known. */
  readonly disabled: string;
  readonly statusJson: string;
  readonly resultJson: string;
  /** Output of `systemctl is-system-running`. */
  readonly system: string;
  readonly failedUnits: readonly string[];
  readonly module: string;
  readonly output: string;
}

const LAST_LINES = 10;
const LONGEST_PROBLEM = 300;
const STAGES = ['init-local', 'init', 'modules-config', 'modules-final'] as const;

// Made at their first use: most guests have no cloud-init.
const stageSchema = z.lazy(() =>
  z.object({
    errors: z.array(z.string()).catch([]),
    recoverable_errors: z.record(z.string(), z.array(z.string())).catch({}),
  }),
);
/** Stages that have started (cloud-init's doc/rtd/explanation/return_codes.rst and status.py). */
const statusSchema = z.lazy(() =>
  z.object({ v1: z.looseObject({ stage: z.string().nullable().catch(null) }) }),
);
const resultSchema = z.lazy(() => z.object({ v1: z.object({ errors: z.array(z.string()).catch([]) }) }));

/** With these messages cloud-init continues, but ignores the user-data. */
const USER_DATA_LOST =
  /failed loading yaml|failed at merging in cloud config|unhandled non-multipart|failed to load cloud-config/i;
/** Messages that repeat the failure of a module. */
const REPETITION = /^(?:Failed to run module|Running module \S+ \(<module .*\) failed)/;

/** cloud-init's log lines and tables, between the output of programs. */
const OWN_WORDS = /^(?:\d{4}-\d\d-\d\d \S+ - \S+\[[A-Z]+\]: |ci-info: )/;

export function cloudInitStatus(found: CloudInitFindings): CloudInitStatus {
  const status = statusSchema.safeParse(jsonOf(found.statusJson)).data?.v1;
  const result = resultSchema.safeParse(jsonOf(found.resultJson)).data?.v1;
  const output = lastLines(found.output);
  const nothing = {
    reason: undefined,
    stage: undefined,
    module: undefined,
    problems: [],
    warnings: [],
    output,
  };
  if (!status) {
    const { state, reason } = notBegun(found);
    return { ...nothing, state, reason };
  }
  const stages = STAGES.flatMap((name) => stageSchema.safeParse(status[name]).data ?? []);
  const complaints = stages.flatMap(({ recoverable_errors: levels }) =>
    Object.entries(levels).flatMap(([level, texts]) => texts.map((text) => ({ level, text }))),
  );
  const hasEnded = result !== undefined || isUp(found.system);
  const problems = [
    ...unique([...(result?.errors ?? []), ...stages.flatMap(({ errors }) => errors)]).map(problemOf),
    ...unique(complaints.filter(isGrave).map(({ text }) => oneLine(text))).map((problem) => ({
      module: undefined,
      problem,
    })),
  ];
  const warnings = unique(complaints.filter((one) => !isGrave(one)).map(({ text }) => oneLine(text)));
  if (!hasEnded) {
    return {
      ...nothing,
      state: 'running',
      stage: status.stage ?? undefined,
      module: found.module || undefined,
    };
  }
  // A stage that was killed has recorded no errors.
  if (problems.length === 0 && (found.failedUnits.length > 0 || !result)) problems.push(broken(found));
  return {
    ...nothing,
    state: problems.length > 0 ? 'failed' : 'done',
    problems,
    warnings: warnings.filter((text) => !REPETITION.test(text)),
  };
}

/** Formats a problem, as in `scripts_user (the commands of the first boot): Runparts: 1 failures`. */
export function describeCloudInitProblem({ module, problem }: CloudInitProblem): string {
  return module === undefined ? problem : `${describeModule(module)}: ${problem}`;
}

/** Formats the progress, as in `modules-final, package_update_upgrade_install (packages): Setting up nginx (1.26.3) ...`. */
export function describeCloudInitProgress({ state, stage, module, output }: CloudInitStatus): string {
  if (state !== 'running') return 'not started yet';
  const doing = [stage, module && describeModule(module)].filter((word) => word !== undefined);
  if (doing.length === 0) return 'between two stages';
  // Before the last stage, only cloud-init itself prints.
  const printed = stage === 'modules-final' ? output.at(-1) : undefined;
  return `${doing.join(', ')}${printed === undefined ? '' : `: ${printed.slice(0, 80)}`}`;
}

const MODULES: Readonly<Record<string, string>> = {
  bootcmd: 'the commands of every boot',
  growpart: 'growing the partition',
  resizefs: 'growing the file system',
  write_files: 'files',
  write_files_deferred: 'files',
  users_groups: 'users',
  package_update_upgrade_install: 'packages',
  scripts_user: 'the commands of the first boot',
  scripts_per_instance: 'scripts in the image',
  scripts_per_boot: 'scripts in the image',
  ssh: "ssh's keys",
};

function describeModule(module: string): string {
  const words = MODULES[module.replaceAll('-', '_')];
  return words === undefined ? module : `${module} (${words})`;
}

function notBegun(found: CloudInitFindings): Pick<CloudInitStatus, 'state' | 'reason'> {
  if (!found.installed) return { state: 'absent', reason: undefined };
  if (found.disabled !== '') return { state: 'disabled', reason: found.disabled };
  if (!isUp(found.system)) return { state: 'waiting', reason: undefined };
  return { state: 'disabled', reason: 'the system booted without starting cloud-init' };
}

/** True when the boot, of which cloud-init is a part, has finished. */
function isUp(system: string): boolean {
  return system === 'running' || system === 'degraded' || system === 'maintenance';
}

function broken({ failedUnits }: CloudInitFindings): CloudInitProblem {
  const what = failedUnits.length > 0 ? `${failedUnits.join(', ')} failed` : 'cloud-init exited';
  return { module: undefined, problem: `${what} without reporting a reason` };
}

function isGrave({ level, text }: { readonly level: string; readonly text: string }): boolean {
  return level === 'ERROR' || level === 'CRITICAL' || USER_DATA_LOST.test(text);
}

/** Parses an error, the `repr()` of a Python tuple: the module, then the exception with its message. */
function problemOf(text: string): CloudInitProblem {
  const [, module, , message] = /^\('([\w-]+)', \w+\((['"])(.*)\2\)\)$/s.exec(text) ?? [];
  if (module === undefined || message === undefined) return { module: undefined, problem: oneLine(text) };
  const decoded = message.replaceAll(/\\([nrt'"\\])/g, (_, letter: string) =>
    /[nrt]/.test(letter) ? ' ' : letter,
  );
  return { module, problem: oneLine(decoded) };
}

function oneLine(text: string): string {
  const line = plain(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_PROBLEM ? `${line.slice(0, LONGEST_PROBLEM)}…` : line;
}

/**
 * Returns the output of programs of the last stage that has started. The log spans all boots; after cloud-init's own end,
 * delayed output of earlier stages may follow.
 */
function lastLines(log: string): string[] {
  const stage = log.split(/^Cloud-init v\. .* running '.*$/m).at(-1) ?? '';
  const [printed = ''] = stage.split(/^Cloud-init v\. .* finished at .*$/m);
  // Programs overwrite their line on a terminal.
  const lines = printed.split('\n').map((line) => line.split('\r').findLast((part) => part !== '') ?? '');
  return lines
    .map(plain)
    .filter((line) => line.trim() !== '' && !OWN_WORDS.test(line))
    .slice(-LAST_LINES);
}

/** Removes control characters: output of a guest must not control a terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/[^\P{Cc}\t\n]/gu, '');
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** Ignores an incomplete file, which is read again at the next check. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
