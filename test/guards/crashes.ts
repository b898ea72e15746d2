import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { unlessMissing } from '../../src/util/files/unless-missing.ts';

/** The names of our programs’ processes and files; virtiofsd and swtpm run only for machines. */
export const OURS = /^(qemu-|passt|vmlet-|virtiofsd|swtpm)/;

/**
 * Linux names the thread, and the file in which the instruction lies: the program’s or a library’s. After a jump to
 * nowhere, it names no file.
 * - show_signal_msg() in arch/x86/mm/fault.c: `COMM[TID]: segfault at … in FILE[…] likely on CPU …`
 * - show_signal() in arch/x86/kernel/traps.c: `traps: COMM[TID] general protection fault ip:… in FILE[…]`, and
 *   `traps: COMM[TID] trap invalid opcode ip:… in FILE[…]`, as of other traps
 */
const FAULT =
  /^(?:\[[^\]]*\] )?(?:traps: )?(?<comm>.{1,15})\[(?<thread>\d+)\](?:: segfault | general protection | trap )(?:.* in (?<file>[^[]+)\[)?/;

/** audit_log_task() in kernel/auditsc.c, of a system call that a seccomp filter punishes by death. */
const FORBIDDEN_CALL =
  /\baudit: type=1326 .* pid=(?<thread>\d+) comm="(?<comm>[^"]*)" exe="(?:.*\/)?(?<file>[^"/]*)" sig=[1-9]/;

interface Crash {
  readonly line: string;
  /** Its id in the first pid namespace. */
  readonly thread: number;
}

/** With 0, the kernel logs no fault of a program. */
const LOGS_FAULTS = '/proc/sys/debug/exception-trace';

/**
 * Not seen: an abort, such as of a failed assertion, and a signal that a process sends, which no kernel logs.
 * @returns a function for the crashes of QEMU, passt and vmlet’s programs from now on, whether or not a test checked
 * how they ended, but not those of strangers. It throws if the kernel’s log may not be read, or if the kernel logs no faults.
 */
export function watchCrashes(isOfStranger: (thread: number) => boolean): () => string[] {
  try {
    const logsFaults = unlessMissing(() => readFileSync(LOGS_FAULTS, 'utf8').trim()) ?? '1';
    if (logsFaults === '0') throw new Error(`${LOGS_FAULTS} is 0`);
    const earlier = new Set(crashesOfOurs().map(({ line }) => line));
    return () =>
      crashesOfOurs()
        .filter(({ line, thread }) => !earlier.has(line) && !isOfStranger(thread))
        .map(({ line }) => line);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function crashesOfOurs(): Crash[] {
  const log = execFileSync('dmesg', {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return log.split('\n').flatMap(crashOfOurs);
}

function crashOfOurs(line: string): Crash[] {
  const { comm = '', file = '', thread } = (FAULT.exec(line) ?? FORBIDDEN_CALL.exec(line))?.groups ?? {};
  return OURS.test(comm) || OURS.test(file) ? [{ line, thread: Number(thread) }] : [];
}
