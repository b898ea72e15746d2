import { readFileSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';

/** The kernel's settings that forbid ordinary users to make namespaces; undefined where this kernel has no such one. */
export interface NamespaceSettings {
  /** user.max_user_namespaces */
  readonly most: number | undefined;
  /** kernel.unprivileged_userns_clone, which Debian's and Arch's kernels have. */
  readonly unprivileged: number | undefined;
  /** kernel.apparmor_restrict_unprivileged_userns, which Ubuntu's have: 1 forbids them to programs without a profile. */
  readonly apparmorRestricts: number | undefined;
}

export function readNamespaceSettings(): NamespaceSettings {
  return {
    most: readNumber('/proc/sys/user/max_user_namespaces'),
    unprivileged: readNumber('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
  };
}

/** The command that lets ordinary users make namespaces; pure. */
export function allowNamespaces({ most, unprivileged, apparmorRestricts }: NamespaceSettings): string {
  if (most === 0) return 'sudo sysctl user.max_user_namespaces=10000';
  if (unprivileged === 0) return 'sudo sysctl kernel.unprivileged_userns_clone=1';
  if (apparmorRestricts === 1) return 'sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0';
  return 'in a container, start it so that they are allowed: podman run --security-opt seccomp=unconfined (docker alike)';
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8').trim());
  } catch (error) {
    // Not of this kernel, or hidden by a container.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
