import { readFileSync } from 'node:fs';
import { isSystemError } from '../../errors/index.ts';

/** Kernel settings that forbid namespaces to ordinary users; undefined when this kernel lacks a setting. */
export interface NamespaceSettings {
  /** user.max_user_namespaces */
  readonly most: number | undefined;
  /** kernel.unprivileged_userns_clone, in the kernels of Debian and Arch. */
  readonly unprivileged: number | undefined;
  /** kernel.apparmor_restrict_unprivileged_userns, in Ubuntu's kernels: 1 forbids them to programs without a profile. */
  readonly apparmorRestricts: number | undefined;
}

export function readNamespaceSettings(): NamespaceSettings {
  return {
    most: readNumber('/proc/sys/user/max_user_namespaces'),
    unprivileged: readNumber('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
  };
}

const UNTIL_BOOT = 'allow user namespaces until the next boot';

/** Returns how to allow ordinary users to create namespaces; pure. */
export function allowNamespaces({ most, unprivileged, apparmorRestricts }: NamespaceSettings): string {
  if (most === 0) return `${UNTIL_BOOT}: sudo sysctl user.max_user_namespaces=10000`;
  if (unprivileged === 0) return `${UNTIL_BOOT}: sudo sysctl kernel.unprivileged_userns_clone=1`;
  if (apparmorRestricts === 1) {
    return `${UNTIL_BOOT}: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`;
  }
  return 'in a container, allow namespaces: podman run --security-opt seccomp=unconfined (docker has the same option); on a host, see user_namespaces(7)';
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8').trim());
  } catch (error) {
    // Missing in this kernel, or hidden by a container.
    if (isSystemError(error)) return undefined;
    throw error;
  }
}
