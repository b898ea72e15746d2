export interface KernelParameter {
  readonly parameter: string;
  /** Why a throw-away guest wants it. */
  readonly reason: string;
}

/**
 * The kernel parameters of `micro`, beside those that the board gives every kernel. Each was measured alone, under
 * TCG with Debian's cloud kernel 6.12, as CPU time from the start of QEMU to the agent; those that are not here
 * (mitigations, nokaslr, tsc, audit, lsm, init_on_alloc and others) made no difference that could be told from noise.
 */
export const MICRO_PARAMETERS: readonly KernelParameter[] = [
  {
    parameter: 'cryptomgr.notests',
    reason: "0.5 s: the kernel's ciphers test themselves at boot; the distribution tested the same binary",
  },
  {
    parameter: 'noreplace-smp',
    reason:
      '0.2 s: a guest with one CPU rewrites its own code to save lock prefixes, and TCG translates all of it anew',
  },
  {
    parameter: 'initcall_blacklist=jent_mod_init,load_system_certificate_list',
    reason:
      '0.1 s: the jitter entropy source measures itself; a guest has the entropy of its host. ' +
      "0.1 s: the distribution's certificates are parsed; they verify the signatures of modules, and micro's have none",
  },
  {
    parameter: 'quiet',
    reason:
      '0.1 s: each character on the serial port is an exit; warnings and panics are printed all the same',
  },
];
