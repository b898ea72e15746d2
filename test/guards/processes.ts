import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { type ProcessStat, parseProcessStat } from '../../src/process/procfs/stat.ts';

/** Vitest’s own processes, which exit after the guards have looked: children of this one. */
const OF_THE_RUNNER = /\/(vitest|tinypool|esbuild|tsx|rolldown)\//;
const LEAST_MARK = 1024;
/** USER_HZ on x86_64. */
const TICKS_PER_SECOND = 100;

/**
 * Marks this process and all that it starts from now on, even if they change their environment, session, user or
 * parent: by an unused soft limit (RLIMIT_MSGQUEUE), which forks and execs inherit.
 */
export function markProcesses(): number {
  const most = Math.min(limitOf('self').hard, 1 << 30);
  if (most <= LEAST_MARK)
    throw new Error(`the hard limit of message queues is ${most} bytes: no run can be marked`);
  const mark = randomInt(LEAST_MARK, most);
  execFileSync('prlimit', ['--pid', String(process.pid), `--msgqueue=${mark}:`]);
  return mark;
}

/** The live processes with this mark, except the test runner’s, each with its pid, user and command line. */
export function processesMarked(mark: number): string[] {
  return otherPids().flatMap((pid) => describe(pid, mark));
}

/** The live processes with this mark, also the test runner’s. */
export function pidsMarked(mark: number): number[] {
  return otherPids()
    .filter((pid) => isLiveAndMarked(pid, mark))
    .map(Number);
}

export function isMarked(pid: string, mark: number): boolean {
  return limitOf(pid).soft === mark;
}

function otherPids(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
}

function isLiveAndMarked(pid: string, mark: number): boolean {
  try {
    return isMarked(pid, mark) && liveStat(pid) !== undefined;
  } catch {
    // It exited in the meantime.
    return false;
  }
}

function liveStat(pid: string): ProcessStat | undefined {
  const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
}

function describe(pid: string, mark: number): string[] {
  try {
    if (!isMarked(pid, mark)) return [];
    const stat = liveStat(pid);
    if (stat === undefined) return [];
    // Without memory it is exiting, and has no command line by which to know the runner's.
    if (readFileSync(`/proc/${pid}/statm`, 'latin1').startsWith('0 ')) return [];
    const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    // Others come from tests, which start tsx and vitest, too.
    if (stat.parentPid === process.pid && OF_THE_RUNNER.test(words)) return [];
    // By its time, the report of the tests tells which of them left it.
    return [`process ${pid}: ${words.slice(0, 200)} (started ${startOf(stat)})`];
  } catch {
    // It exited in the meantime.
    return [];
  }
}

function startOf({ startTicks }: ProcessStat): string {
  const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]);
  return new Date((bootSeconds + startTicks / TICKS_PER_SECOND) * 1000).toISOString();
}

/** In bytes; proc_pid_limits(5) has a line "Max msgqueue size  SOFT  HARD  bytes". */
function limitOf(pid: string): { soft: number; hard: number } {
  const line = /^Max msgqueue size\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'));
  const read = (word = ''): number => (word === 'unlimited' ? Infinity : Number(word));
  return { soft: read(line?.[1]), hard: read(line?.[2]) };
}
