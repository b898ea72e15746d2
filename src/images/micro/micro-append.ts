export interface KernelParameter {
  readonly parameter: string;
  /** Why it is useful for a throw-away guest. */
  readonly reason: string;
}

/**
 * The kernel parameters of `micro`, in addition to those of every kernel. Each was measured separately, under TCG with
 * Debian's cloud kernel 6.12, as CPU time from the start of QEMU to the agent. Others (mitigations, nokaslr, tsc,
 * audit, lsm, init_on_alloc and more) made no measurable difference.
 */
export const MICRO_PARAMETERS: readonly KernelParameter[] = [
  {
    parameter: 'cryptomgr.notests',
    reason: "saves 0.5 s: skips the kernel's cipher self-tests; the distribution tested the same binary",
  },
  {
    parameter: 'noreplace-smp',
    reason:
      'saves 0.2 s in a guest with one CPU: the kernel does not patch its own code (lock prefixes), so TCG need not translate this code again',
  },
  {
    parameter: 'initcall_blacklist=jent_mod_init,load_system_certificate_list',
    reason:
      'saves 0.1 s: skips the self-test of the jitter entropy source; guests get entropy from the host. ' +
      "Saves another 0.1 s: does not load the distribution's certificates, which verify signed modules; the modules of micro are not signed",
  },
  {
    parameter: 'quiet',
    reason:
      'saves 0.1 s: prints less on the serial port, where each character causes a VM exit; warnings and panics are still printed',
  },
];
