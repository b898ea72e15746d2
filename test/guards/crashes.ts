import { execFileSync } from 'node:child_process';

/** The names of our programs’ processes and files; virtiofsd and swtpm run only for machines. */
const OURS = /^(qemu-|passt|vmlet-|virtiofsd|swtpm)/;

/**
 * Linux names the thread, and the file in which the instruction lies: the program’s or a library’s. After a jump to
 * nowhere, it names no file.
 * - show_signal_msg() in arch/x86/mm/fault.c: `COMM[TID]: segfault at … in FILE[…] likely on CPU …`
 * - show_signal() in arch/x86/kernel/traps.c: `traps: COMM[TID] general protection fault ip:… in FILE[…]`, and
 *   `traps: COMM[TID] trap invalid opcode ip:… in FILE[…]`, as of other traps
 */
const FAULT =
  /^(?:\[[^\]]*\] )?(?:traps: )?(?<comm>.{1,15})\[\d+\](?:: segfault | general protection | trap )(?:.* in (?<file>[^[]+)\[)?/;

/** audit_log_task() in kernel/auditsc.c, of a system call that a seccomp filter punishes by death. */
const FORBIDDEN_CALL = /\baudit: type=1326 .* comm="(?<comm>[^"]*)" exe="(?:.*\/)?(?<file>[^"/]*)" sig=[1-9]/;

/**
 * The crashes of QEMU, passt and vmlet’s programs in the kernel’s log, whether or not a test checked how they
 * ended. The log does not name their owner: a crash of another user’s QEMU in that time counts, too.
 * @returns undefined if the log may not be read.
 */
export function crashesOnHost(): string[] | undefined {
  try {
    const log = execFileSync('dmesg', {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return log.split('\n').filter(isCrashOfOurs);
  } catch (error) {
    console.warn(
      `crashes of QEMU and passt are not checked, since dmesg may not be read: ${(error as Error).message.trim().replaceAll('\n', '; ')}`,
    );
    return undefined;
  }
}

function isCrashOfOurs(line: string): boolean {
  const { comm = '', file = '' } = (FAULT.exec(line) ?? FORBIDDEN_CALL.exec(line))?.groups ?? {};
  return OURS.test(comm) || OURS.test(file);
}
