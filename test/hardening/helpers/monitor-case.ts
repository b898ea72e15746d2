import { settle } from '../../e2e/named/truth.ts';
import type { LiveOperation } from './live-operations.ts';
import type { MonitorLab } from './monitor-lab.ts';
import type { Planned } from './monitor-relay.ts';
import type { Ended } from './place.ts';

/** One false message in place of one of QEMU’s, in one operation. */
export interface MonitorCase extends Planned {
  readonly operation: LiveOperation;
}

export interface MonitorVerdict {
  /** Faults found; empty if everything held. */
  readonly problems: readonly string[];
  readonly status: number | undefined;
  readonly milliseconds: number;
  /** True if there was such a message this time. */
  readonly told: boolean;
}

/** Twice the longest documented limit, for a heavily loaded host. */
const HANGS_MS = 150_000;
/** An operation without a limit gets Ctrl-C this long after the message, when everything else has answered. */
export const INTERRUPT_MS = 20_000;
const INTERRUPTED = 130;

export function nameOfMonitorCase({ operation, hearer, number, lie }: MonitorCase): string {
  return `${operation.name}:${hearer}:${number}:${lie.name}`;
}

/** @param interruptMs in place of INTERRUPT_MS. */
export async function runMonitorCase(
  lab: MonitorLab,
  one: MonitorCase,
  interruptMs: number,
): Promise<MonitorVerdict> {
  const { operation } = one;
  await lab.begin();
  lab.plan(one);
  const ended = await lab.place.command(operation.args, {
    limitMs: HANGS_MS,
    interrupt: operation.isLong === true ? { event: lab.relay.telling, afterMs: interruptMs } : undefined,
  });
  const { told } = lab.relay;
  lab.plan(undefined);
  const problems: string[] = [];
  try {
    problems.push(...endProblems(one, ended));
    problems.push(...(await aftermath(lab, one, ended)));
  } catch (error) {
    problems.push(`the check fails: ${String(error)}`);
  }
  if (problems.length > 0) lab.place.killAll();
  await lab.end();
  return { problems, told, status: ended.status, milliseconds: Math.round(ended.milliseconds) };
}

function endProblems({ operation, lie }: MonitorCase, ended: Ended): string[] {
  const { status, stderr, hung } = ended;
  if (hung) return ['it hangs'];
  if (/^\s+at .*:\d+|internal error|node:internal/m.test(stderr))
    return [`it has no words for it: ${stderr}`];
  if (status === 0) return [];
  if (status === INTERRUPTED && operation.isLong === true) return [];
  if (status !== undefined && status === operation.refusedStatus) return [];
  if (status !== 125 && status !== 124) return [`it ended with ${String(status ?? ended.signal)}: ${stderr}`];
  if (lie.isHarmless === true) return [`it does not come through: ${stderr}`];
  return /^vmlet: \S.*\S$/m.test(stderr) ? [] : [`it does not say why: ${stderr}`];
}

async function aftermath(lab: MonitorLab, one: MonitorCase, ended: Ended): Promise<string[]> {
  const { operation } = one;
  const problems: string[] = [];
  if (!(await settle(lab.place.home, operation.mayBe)))
    problems.push('something of it is still there a minute later');
  const state = await lab.state();
  const allowed = operation.mayBe ?? ['running'];
  if (!allowed.includes(state)) problems.push(`it is ${state}: ${ended.stderr}`);
  // A broken connection of the launcher is not restored; the next run has its own.
  if (one.hearer === 'launcher' && state !== 'stopped') await lab.place.command(['kill', 'm']);
  if (one.hearer === 'launcher' && operation.isStart !== true) {
    await lab.place.command(['start', 'm', '--discard-saved']);
  }
  const again = await lab.place.command(operation.args, { limitMs: HANGS_MS });
  const done = operation.doneAlready?.test(again.stderr) === true;
  if (again.hung) problems.push('the same again hangs');
  else if (again.status !== 0 && !done)
    problems.push(`the same again ends with ${String(again.status)}: ${again.stderr}`);
  return problems;
}
