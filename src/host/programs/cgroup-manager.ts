import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidInputError } from '../../errors/index.ts';
import type { Cgroup, CgroupManager, HostShare } from '../../process/confine/cgroup.ts';
import { findProgram } from '../../process/program.ts';
import { unlessMissing } from '../../util/files/unless-missing.ts';

/** Whether systemd can limit programs of this user, with the reason if not. */
export type CgroupAbility =
  | {
      readonly usable: true;
      readonly systemdRun: string;
      readonly manager: CgroupManager;
      readonly controllers: readonly string[];
    }
  | { readonly usable: false; readonly reason: string; readonly remedy: string };

const WITHOUT_LIMITS = 'or omit --limit (for an existing machine: vmlet set NAME --limit none)';
const CGROUPS = '/sys/fs/cgroup';

/** Returns a cgroup for a program of this user. @throws InvalidInputError when a limit is not supported. */
export function ownCgroup(limits: HostShare | undefined, machine: string): Cgroup | undefined {
  return limits && cgroupFor(limits, machine, findCgroupManager(process.getuid?.() ?? 0, process.env));
}

/** Inspects this host. */
export function findCgroupManager(
  userId: number,
  environment: Readonly<Record<string, string | undefined>>,
): CgroupAbility {
  const systemdRun = findProgram('systemd-run');
  if (systemdRun === undefined) {
    return {
      usable: false,
      reason: 'systemd-run is not installed',
      remedy: 'use a host that was booted with systemd (the package systemd contains systemd-run)',
    };
  }
  const manager = managerOf(userId, environment);
  const directory = manager.kind === 'system' ? '/run' : manager.runtimeDirectory;
  if (!existsSync(join(directory, 'systemd/private'))) {
    return manager.kind === 'system'
      ? { usable: false, reason: 'systemd is not running', remedy: 'use a host that was booted with systemd' }
      : {
          usable: false,
          reason: 'the systemd user manager is not running',
          remedy:
            'to start it, log in on a console or by ssh (not with su or sudo), or run: loginctl enable-linger',
        };
  }
  const controllers = readControllers(manager, userId);
  if (!controllers) {
    return {
      usable: false,
      reason: `cgroup v2 is not mounted on ${CGROUPS}`,
      remedy: 'boot the host with cgroup v2 (kernel parameter systemd.unified_cgroup_hierarchy=1)',
    };
  }
  return { usable: true, systemdRun, manager, controllers };
}

function managerOf(userId: number, environment: Readonly<Record<string, string | undefined>>): CgroupManager {
  if (userId === 0) return { kind: 'system' };
  const given = environment['XDG_RUNTIME_DIR'];
  return { kind: 'user', runtimeDirectory: given?.startsWith('/') === true ? given : `/run/user/${userId}` };
}

/** Returns the controllers that were delegated to the manager; it accepts limits of others silently, without effect. */
function readControllers(manager: CgroupManager, userId: number): string[] | undefined {
  const own = manager.kind === 'system' ? '' : `user.slice/user-${userId}.slice/user@${userId}.service`;
  const path = join(CGROUPS, own, 'cgroup.controllers');
  return unlessMissing(() => readFileSync(path, 'utf8'))
    ?.trim()
    .split(' ');
}

/** Returns the reason when systemd lacks a controller. */
export function controllersLacking(
  given: readonly string[],
  needed: readonly string[] = ['cpu', 'memory'],
): string | undefined {
  const missing = needed.filter((name) => !given.includes(name));
  return missing.length === 0 ? undefined : `systemd lacks these cgroup controllers: ${missing.join(', ')}`;
}

/** Returns how to give systemd the controllers that it lacks. */
export function controllersRemedy({ kind }: CgroupManager): string {
  return kind === 'user'
    ? 'run: sudo systemctl edit user@.service; add the lines "[Service]" and "Delegate=cpu memory pids"; then log out and in again'
    : 'boot a kernel that has these controllers, and remove cgroup_disable= from its parameters; if this host is a container, delegate the controllers to the container';
}

/** @throws InvalidInputError when this host does not support a limit. */
export function cgroupFor(limits: HostShare, machine: string, ability: CgroupAbility): Cgroup {
  if (!ability.usable) {
    throw new InvalidInputError('limits', `not supported on this host: ${ability.reason}`, {
      hint: `${ability.remedy}; ${WITHOUT_LIMITS}`,
    });
  }
  const { systemdRun, manager, controllers } = ability;
  const needed = [
    ...(limits.cpus === undefined ? [] : ['cpu']),
    ...(limits.memoryBytes === undefined ? [] : ['memory']),
  ];
  const lack = controllersLacking(controllers, needed);
  if (lack !== undefined)
    throw new InvalidInputError('limits', `not supported on this host: ${lack}`, {
      hint: `${controllersRemedy(manager)}; ${WITHOUT_LIMITS}`,
    });
  return { systemdRun, manager, description: `vmlet ${machine}`, ...limits };
}
