export interface KernelParameter {
  readonly parameter: string;
  /** Why it is useful for a disposable guest. */
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
      'saves 0.2 s: keeps a guest with one CPU from patching lock prefixes out of its code, which TCG would translate again',
  },
  {
    parameter: 'initcall_blacklist=jent_mod_init,load_system_certificate_list',
    reason:
      'saves 0.1 s: skips the self-test of the jitter entropy source; guests get entropy from the host. ' +
      "Saves 0.1 s: skips parsing the distribution's certificates; they verify signatures of modules, and the modules of micro have none",
  },
  {
    parameter: 'quiet',
    reason:
      'saves 0.1 s: prints less on the serial port, where each character causes a VM exit; warnings and panics are still printed',
  },
];
