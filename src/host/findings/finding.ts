/** One thing that was looked at. */
export interface Finding {
  readonly item: FindingItem;
  /** `degraded`: guests run, with less than there could be. `broken`: no guest can run. */
  readonly state: 'works' | 'degraded' | 'broken';
  /** What was found, on one line. */
  readonly summary: string;
  /** What to do about it, where there is something to do. */
  readonly remedy?: string | undefined;
}

export type FindingItem =
  | 'qemu'
  | 'accelerator'
  | 'qemu-img'
  | 'network'
  | 'namespaces'
  | 'landlock'
  | 'seccomp'
  | 'forks'
  | 'limits'
  | 'process-limits'
  | 'runtime-directory'
  | 'disk-space'
  | 'micro-image';
