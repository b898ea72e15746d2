/** One result of a check of the host. */
export interface Finding {
  readonly item: FindingItem;
  /** `works`; `degraded`: guests run, but with less; `broken`: no guest can run. */
  readonly state: 'works' | 'degraded' | 'broken';
  /** The result, on one line. */
  readonly summary: string;
  /** How to fix it, if possible. */
  readonly remedy?: string | undefined;
}

export type Verb = 'install' | 'reinstall';

/** Returns how to install a program on this host. */
export type Install = (name: string, verb?: Verb) => string;

/** The subject of a finding. */
export type FindingItem =
  | 'qemu'
  | 'accelerator'
  | 'qemu-img'
  | 'network'
  | 'private-networks'
  | 'forwards'
  | 'shares'
  | 'volumes'
  | 'namespaces'
  | 'landlock'
  | 'seccomp'
  | 'forks'
  | 'limits'
  | 'process-limits'
  | 'runtime-directory'
  | 'disk-space'
  | 'kept-guests'
  | 'micro-image'
  | 'uefi'
  | 'pools';
