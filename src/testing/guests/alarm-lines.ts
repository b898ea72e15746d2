import type { GuestAlarmKind } from '../../errors/index.ts';

/**
 * Beginnings of these lines in Linux: kernel/panic.c, lib/bug.c, mm/slub.c, arch/x86/kernel/dumpstack.c and traps.c,
 * mm/oom_kill.c. Lockups and hung tasks are not included, since a busy host can cause them.
 */
const ALARMS: readonly (readonly [GuestAlarmKind, RegExp])[] = [
  ['panic', /Kernel panic - not syncing/],
  ['oom-kill', /(?:Memory cgroup )?[Oo]ut of memory: Kill(?:ed)? process \d+/],
  ['oops', /Oops: |general protection fault, (?:probably|maybe) /],
  ['bug', /BUG: (?!soft lockup|workqueue lockup)|kernel BUG at /],
];

/**
 * Beginning of a kernel message: the start of the line, or after its time stamp, since an unfinished line of a program may
 * precede it. With printk.caller, the caller follows.
 */
const BEGINNING = String.raw`(?:^|\[ *\d+\.\d{6}\] *(?:\[ *[TC]\d+\] *)?)`;

const PATTERNS = ALARMS.map(([kind, { source }]) => [kind, new RegExp(`${BEGINNING}(?:${source})`)] as const);

/** Returns the kind of alarm of a line on a Linux guest's console; undefined for other lines. */
export function alarmOf(line: string): GuestAlarmKind | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(line))?.[0];
}
