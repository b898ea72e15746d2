import { describe, expect, it } from 'vitest';
import { alarmOf } from '../../../../src/testing/guests/alarm-lines.ts';

describe('a line of the console', () => {
  it.each([
    ['[    1.399692] Kernel panic - not syncing: sysrq triggered crash', 'panic'],
    ['Kernel panic - not syncing: VFS: Unable to mount root fs', 'panic'],
    ['[    2.648674] Out of memory: Killed process 119 (sh) total-vm:100616kB, anon-rss:56452kB', 'oom-kill'],
    ['Booting from ROM..[    2.648674] Out of memory: Killed process 119 (sh) total-vm:100616kB', 'oom-kill'],
    ['[   12.000001][  T119] Memory cgroup out of memory: Killed process 7 (postgres)', 'oom-kill'],
    ['[    3.000000] Out of memory: Kill process 9 (java) score 900 or sacrifice child', 'oom-kill'],
    ['[    3.000000] BUG: kernel NULL pointer dereference, address: 0000000000000000', 'bug'],
    ['[    3.000000] kernel BUG at fs/inode.c:611!', 'bug'],
    ['[    3.000000] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI', 'oops'],
    ['[    3.000000] general protection fault, probably for non-canonical address 0xdead', 'oops'],
  ])('%s is %s', (line, kind) => {
    expect(alarmOf(line)).toBe(kind);
  });

  it.each([
    '[    3.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:119]',
    '[    3.000000] BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 40s!',
    '[    3.000000] INFO: task sh:119 blocked for more than 120 seconds.',
    '[    3.000000] sh invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0',
    '[    3.000000] traps: app[7] general protection fault ip:401000 sp:7ffc error:0 in app',
    'app: fixed a BUG: see the log',
    'test "survives Kernel panic - not syncing" passed',
    '[    1.000000] Kernel command line: console=ttyS0 panic=-1',
  ])('%s is not an alarm', (line) => {
    expect(alarmOf(line)).toBeUndefined();
  });
});
