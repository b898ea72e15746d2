import { settle } from '../../e2e/named/truth.ts';
import { aftermath } from '../faults/case.ts';
import type { Course } from '../faults/bench.ts';
import type { Operation } from '../faults/operation.ts';
import type { Lab } from './lab.ts';
import type { Ended } from './place.ts';
import { type MisbehaviourName, namesTheProgram } from './misbehaviours.ts';

/** One program that misbehaves at one of its calls in an operation. */
export interface ProgramCase {
  readonly operation: Operation;
  readonly prefix: string;
  readonly number: number;
  readonly behaviour: MisbehaviourName;
}

export interface Verdict {
  /** Faults found; empty if everything held. */
  readonly problems: readonly string[];
  readonly status: number | undefined;
  readonly milliseconds: number;
}

/** Twice the longest documented limit, that of a start, for a heavily loaded host. An orphan lives for four times as long. */
const HANGS_MS = 150_000;

export function nameOfCase({ operation, prefix, number, behaviour }: ProgramCase): string {
  return `${operation.name}:${prefix}:${number}:${behaviour}`;
}

export async function runProgramCase(
  lab: Lab,
  course: Omit<Course, 'traced'>,
  one: ProgramCase,
): Promise<Verdict> {
  const { bench, standIn } = lab;
  await bench.begin();
  standIn.behave(one);
  const ended = await lab.place.command(one.operation.args, { limitMs: HANGS_MS });
  standIn.behave(undefined);
  killOrphans(lab);
  const problems = endProblems(one, ended);
  try {
    if (!(await settle(bench.home)))
      problems.push(`something of it is still there a minute later: ${left(lab)}`);
    const finished = { ...ended, signal: undefined };
    problems.push(
      ...(await aftermath(bench, course, { operation: one.operation, action: 'misbehave' }, finished)),
    );
  } catch (error) {
    problems.push(`the check fails: ${String(error)}`);
  }
  if (problems.length > 0) bench.killAll();
  return { problems, status: ended.status, milliseconds: Math.round(ended.milliseconds) };
}

function killOrphans(lab: Lab): void {
  for (const { pid, program } of lab.home.processes()) if (program === 'orphan') process.kill(pid, 'SIGKILL');
}

function left(lab: Lab): string {
  return lab.home
    .processes()
    .map(({ commandLine }) => commandLine.slice(0, 100))
    .join(', ');
}

function endProblems({ prefix, behaviour }: ProgramCase, ended: Ended): string[] {
  const { status, stderr, hung } = ended;
  if (hung) return ['it hangs'];
  if (/^\s+at .*:\d+|internal error|node:internal/m.test(stderr))
    return [`it has no words for it: ${stderr}`];
  if (status === 0) return [];
  if (status !== 125 && status !== 124) return [`it ended with ${String(status ?? ended.signal)}: ${stderr}`];
  const sentence = /^vmlet: \S.*\S$/m.exec(stderr)?.[0];
  if (sentence === undefined) return [`it does not say why: ${stderr}`];
  if (behaviour === 'slow') return [`it does not wait for a program that is slow: ${stderr}`];
  return namesTheProgram(prefix, stderr) ? [] : [`it does not name the program: ${sentence}`];
}
