/**
 * The systemd instance that creates a cgroup for a program: the system's own for root, or that of the user's
 * session.
 */
export type CgroupManager =
  { readonly kind: 'system' } | { readonly kind: 'user'; readonly runtimeDirectory: string };

/** Limits on a program's use of the host, for all of its threads together. */
export interface HostShare {
  /** Number of processors' worth of time: 1.5 is one and a half. */
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

/** A cgroup that lives as long as the program in it. */
export interface Cgroup extends HostShare {
  readonly systemdRun: string;
  readonly manager: CgroupManager;
  /** As shown by `systemctl status`. */
  readonly description: string;
}

const NO_ENVIRONMENT = ['/usr/bin/env', '-i'] as const;

/**
 * Wraps argv so that the program runs in its own cgroup. systemd-run asks systemd to move it there, and then
 * becomes the program (systemd-run(1), --scope): process ID, parent and descriptors do not change, and the
 * environment that it needed is removed.
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

/** Properties as named in systemd.resource-control(5). */
function propertiesOf({ cpus, memoryBytes }: HostShare): string[] {
  return [
    ...(cpus === undefined ? [] : [`CPUQuota=${Math.round(cpus * 100)}%`]),
    // Otherwise it could use the host's swap beyond the limit.
    ...(memoryBytes === undefined ? [] : [`MemoryMax=${memoryBytes}`, 'MemorySwapMax=0']),
  ];
}
