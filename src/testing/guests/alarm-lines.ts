import type { GuestAlarmKind } from '../../errors/index.ts';

/**
 * How Linux begins these lines: kernel/panic.c, lib/bug.c and mm/slub.c, arch/x86/kernel/dumpstack.c and traps.c,
 * mm/oom_kill.c. Lockups and hung tasks are not here, since a host that is busy is enough for them.
 */
const ALARMS: readonly (readonly [GuestAlarmKind, RegExp])[] = [
  ['panic', /Kernel panic - not syncing/],
  ['oom-kill', /(?:Memory cgroup )?[Oo]ut of memory: Kill(?:ed)? process \d+/],
  ['oops', /Oops: |general protection fault, (?:probably|maybe) /],
  ['bug', /BUG: (?!soft lockup|workqueue lockup)|kernel BUG at /],
];

/**
 * Where a line of the kernel's begins: at the start, or after its time stamp, which a program's unfinished line may be
 * in front of. With printk.caller there is also who said it.
 */
const BEGINNING = String.raw`(?:^|\[ *\d+\.\d{6}\] *(?:\[ *[TC]\d+\] *)?)`;

const PATTERNS = ALARMS.map(([kind, { source }]) => [kind, new RegExp(`${BEGINNING}(?:${source})`)] as const);

/** What a line on a Linux guest's console is an alarm of; undefined for all others. */
export function alarmOf(line: string): GuestAlarmKind | undefined {
  return PATTERNS.find(([, pattern]) => pattern.test(line))?.[0];
}
