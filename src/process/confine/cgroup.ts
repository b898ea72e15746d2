/** Which systemd makes a cgroup for a program: the host's own, for root, or that of the user's session. */
export type CgroupManager =
  { readonly kind: 'system' } | { readonly kind: 'user'; readonly runtimeDirectory: string };

/** What a program may use of the host, all its threads together. */
export interface HostShare {
  /** Processors' worth of time: 1.5 is one and a half. */
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** A cgroup that lives as long as the program in it. */
export interface Cgroup extends HostShare {
  readonly systemdRun: string;
  readonly manager: CgroupManager;
  /** As `systemctl status` shows it. */
  readonly description: string;
}

const NO_ENVIRONMENT = ['/usr/bin/env', '-i'] as const;

/**
 * Wraps argv so that the program is in a cgroup of its own. systemd-run has systemd move it there, and then becomes it
 * (systemd-run(1), --scope): process id, parent and descriptors stay what they are, and what it needed of an environment
 * is gone.
 */
export function inCgroup(
  cgroup: Cgroup | undefined,
  argv: readonly [string, ...string[]],
): [string, ...string[]] {
  if (!cgroup) return [...argv];
  const { systemdRun, manager, description } = cgroup;
  return [
    ...NO_ENVIRONMENT,
    ...(manager.kind === 'user' ? [`XDG_RUNTIME_DIR=${manager.runtimeDirectory}`] : []),
    systemdRun,
    ...(manager.kind === 'user' ? ['--user'] : []),
    ...['--scope', '--quiet', '--collect', `--description=${description}`],
    ...propertiesOf(cgroup).flatMap((property) => ['--property', property]),
    '--',
    ...NO_ENVIRONMENT,
    ...argv,
  ];
}

/** As systemd.resource-control(5) has them. */
function propertiesOf({ cpus, memoryBytes }: HostShare): string[] {
  return [
    ...(cpus === undefined ? [] : [`CPUQuota=${Math.round(cpus * 100)}%`]),
    // Else it would go on in the host's swap.
    ...(memoryBytes === undefined ? [] : [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0']),
  ];
}
