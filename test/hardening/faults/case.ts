import type { Step, Traced } from '../../../fixtures/calls/step-tracer/traced.ts';
import type { Bench, Course } from './bench.ts';
import { errnosOf } from './errnos.ts';
import type { Operation } from './operation.ts';

/** One fault at one step of one operation, `create:ENOSPC:17`. */
export interface Case {
  readonly operation: Operation;
  readonly action: string;
  readonly step: number;
}

export interface Verdict {
  /** Undefined if the step was not reached or was another call, so that nothing was tried. */
  readonly at: string | undefined;
  /** Faults found; empty if everything held. */
  readonly problems: readonly string[];
  /** True if the command reported a failure. */
  readonly failed: boolean;
}

const SIGINT = 2;
const SIGKILL = 9;

export function nameOfCase({ operation, action, step }: Case): string {
  return `${operation.name}:${action}:${step}`;
}

export async function runCase(bench: Bench, course: Course, one: Case): Promise<Verdict> {
  await bench.begin();
  const traced = await bench.traced(`${one.step}:${one.action}`);
  const { fault } = traced;
  const at = fault && canBe(one, fault) ? `${fault.call} ${fault.target}` : undefined;
  const problems: string[] = [];
  try {
    problems.push(...endProblems(one, traced, course.traced));
    if (!(await bench.settle())) problems.push('something of it is still there a minute later');
    problems.push(...(await aftermath(bench, course, one, traced)));
  } catch (error) {
    problems.push(`the check fails: ${String(error)}`);
  }
  if (problems.length > 0) bench.killAll();
  return { at, problems: at === undefined ? [] : problems, failed: traced.status !== 0 };
}

/** Steps of several threads may swap: the call with this number may be one that never fails in this way. */
function canBe({ action }: Case, step: Step): boolean {
  return action.startsWith('kill') || action === 'interrupt' || errnosOf(step).includes(action);
}

/** Returns the errors in the command’s exit status and output. */
function endProblems({ operation, action }: Case, traced: Traced, course: Traced): string[] {
  const { status, signal, stderr, hung } = traced;
  if (hung) return ['it hangs'];
  if (/^\s+at .*:\d+|internal error|node:internal/m.test(stderr))
    return [`it has no words for it: ${stderr}`];
  if (status === 0) return [];
  // If another process is killed, the command has to report the result.
  if (operation.follow === undefined && action.startsWith('kill')) {
    return signal === SIGKILL ? [] : [`it ended with ${String(status)}: ${stderr}`];
  }
  if (action === 'interrupt') {
    // It had completed, and was cleaning up.
    if (status === course.status && firstLine(stderr) === firstLine(course.stderr)) return [];
    return status === 130 || signal === SIGINT
      ? []
      : [`it ended with ${String(status ?? signal)}: ${stderr}`];
  }
  if (status !== 125 && status !== 124) return [`it ended with ${String(status ?? signal)}: ${stderr}`];
  return /^vmlet: \S.*\S$/m.test(stderr) ? [] : [`it does not say why: ${stderr}`];
}

type Ended = Pick<Traced, 'status' | 'signal' | 'stderr'>;

/** Returns the errors in its leftovers, and in repeating it. */
export async function aftermath(
  bench: Bench,
  course: Omit<Course, 'traced'>,
  one: Pick<Case, 'operation' | 'action'>,
  traced: Ended,
): Promise<string[]> {
  const problems: string[] = [];
  const { seen } = await bench.state();
  const { between } = one.operation;
  const isDone = seen === course.after.seen;
  const isBetween = isUnfinished(one, traced) && between?.test(difference(seen, course)) === true;
  if (!isDone && seen !== course.before.seen && !isBetween) {
    problems.push(`neither before nor after: ${difference(seen, course)}`);
  }
  // The follow-up actions of a followed process change it once more.
  if (traced.status === 0 && !isDone && one.operation.afterwards === undefined) {
    problems.push(`it says that it is done, and it is not: ${traced.stderr}`);
  }
  problems.push(...(await bench.corruptDisks()));
  problems.push(...(await againProblems(bench, course, one.operation, isDone)));
  await bench.empty();
  if (!(await bench.settle())) problems.push('something is still there when all is removed');
  problems.push(
    ...extra(course.empty.files, (await bench.state()).files, 'when all is removed there is still'),
  );
  return problems;
}

/** Only a killed or failed command may leave it in between. */
function isUnfinished({ action }: Pick<Case, 'action'>, { signal, status }: Ended): boolean {
  return action.startsWith('kill') || signal === SIGKILL || status !== 0;
}

async function againProblems(
  bench: Bench,
  course: Omit<Course, 'traced'>,
  operation: Operation,
  isDone: boolean,
): Promise<string[]> {
  if (isDone && !operation.doneAlready) return [];
  const { status, stderr } = await bench.again();
  const { ends = 0 } = operation;
  const saysDone = status === 125 && operation.doneAlready?.test(stderr) === true;
  if (status !== ends && !saysDone) return [`the same again ends with ${String(status)}: ${stderr}`];
  await bench.settle();
  const { seen, files } = await bench.state();
  const withoutLeft = new Set([...files].filter((path) => operation.leaves?.test(path) !== true));
  const isAsOnce = seen === course.after.seen || operation.again?.test(difference(seen, course)) === true;
  return [
    ...(isAsOnce ? [] : [`the same again does not come through: ${difference(seen, course)}`]),
    // A command that had nothing to do does not clean up either.
    ...(status === ends ? extra(course.after.files, withoutLeft, 'the same again leaves') : []),
  ];
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function extra(expected: ReadonlySet<string>, found: ReadonlySet<string>, what: string): string[] {
  const more = [...found].filter((path) => !expected.has(path));
  return more.length === 0 ? [] : [`${what} ${more.join(', ')}`];
}

/** The lines that differ from both states, ignoring the comma after each list item but the last. */
function difference(seen: string, { before, after }: Omit<Course, 'traced'>): string {
  const known = new Set([before.seen, after.seen].flatMap((text) => text.split(/,?\n/)));
  const lines = seen.split('\n').filter((line) => !known.has(line.replace(/,$/, '')));
  return (lines.length > 0 ? lines.join(' ') : `nothing of its own in ${seen}`)
    .replaceAll(/\s+/g, ' ')
    .slice(0, 1500);
}
